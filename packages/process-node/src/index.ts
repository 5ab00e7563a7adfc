export * as NodeChildSpawner from "./NodeChildSpawner.js"
