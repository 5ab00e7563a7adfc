export * as Tether from "./Tether.js"
