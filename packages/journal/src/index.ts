export * as ExitJournal from "./ExitJournal.js"
export * as ExitRecord from "./ExitRecord.js"
export * as RestartTally from "./RestartTally.js"
