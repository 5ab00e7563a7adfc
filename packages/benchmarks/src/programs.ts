/**
 * What is started where `/bin/true` does not do. All of it ends by itself within a minute or, where it sleeps beside a
 * whole sample, in five.
 */

/** Five processes: a shell, two in its group, and two that left it. */
export const family = "sleep 60 & sleep 60 & setsid sleep 60 & setsid sleep 60 & wait"
export const familySize = 5

/** Takes 100 ms to stop. */
export const slow = "trap 'sleep 0.1; exit' TERM; sleep 60 & wait"

/** Ends at once, and has had a child. */
export const parent = "/bin/true; :"

export const isShell = ({ command }: { readonly command: string }): boolean => command.startsWith("sh -c ")
export const isSleep = ({ command }: { readonly command: string }): boolean => command === "sleep 60"

/** So many that sleep, below one shell. */
export const herd = (count: number): string => `i=0; while [ $i -lt ${count} ]; do sleep 300 & i=$((i+1)); done; wait`

/** Sleeps, and says nothing before. */
export const silent = "exec sleep 60"

/** Says a line on both streams, and sleeps. */
export const greeting = "echo started; echo started >&2; exec sleep 60"
