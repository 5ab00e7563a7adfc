// What a bare `vitest` and editors look for first; without it they read vitest.workspace.ts as a deprecated format.
export { default } from "./vitest.workspace.js"
