/** The fields that have a value: in a record, what is not known is not there. */
export const withoutAbsent = <A extends Readonly<Record<string, unknown>>>(
  fields: A
): { readonly [K in keyof A]?: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
