/**
 * Where this process is. Its directory may have been removed, as that of a session often is: then it is what it was
 * called.
 */
export const ownCwd = (): string => {
  try {
    return process.cwd()
  } catch {
    return process.env["PWD"] || "/"
  }
}
