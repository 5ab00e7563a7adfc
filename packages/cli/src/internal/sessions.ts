/**
 * What `tether session` does, in one piece to load.
 */
export { attach } from "./sessionAttach.js"
export { launch } from "./sessionLaunch.js"
export { logs } from "./sessionLogs.js"
export { list } from "./sessionList.js"
export { send } from "./sessionSend.js"
export { stop } from "./sessionStop.js"
