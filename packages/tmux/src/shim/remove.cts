/**
 * Removes a file that may be there.
 */
import fs = require("node:fs")

/** Not `rmSync`, whose first call takes as long as all else that is done here. */
const remove = (path: string): void => {
  try {
    fs.unlinkSync(path)
  } catch {
    // It was not there.
  }
}

export = remove
