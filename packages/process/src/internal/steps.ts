/** The steps of a stop plan before SIGKILL, which ends every plan, said or not. */
export const stepsBeforeKill = <A extends { readonly _tag: string }>(steps: ReadonlyArray<A>): ReadonlyArray<A> => {
  const end = steps.findIndex((step) => step._tag === "Signal" && "signal" in step && step.signal === "SIGKILL")
  return end === -1 ? steps : steps.slice(0, end)
}
