/**
 * Where the files of this package are, for sources, compiled modules and bundles alike: all are one folder below it.
 */
import { fileURLToPath } from "node:url"

/** The path is relative to the folder of the package. */
export const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
