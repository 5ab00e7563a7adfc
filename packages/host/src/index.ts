export * as ProcessIdentity from "./ProcessIdentity.js"
export * as ProcessInfo from "./ProcessInfo.js"
export * as ProcStat from "./ProcStat.js"
export * as TreeCookie from "./TreeCookie.js"
