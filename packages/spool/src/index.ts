export * as Answer from "./Answer.js"
export * as DrainReport from "./DrainReport.js"
export * as Spool from "./Spool.js"
