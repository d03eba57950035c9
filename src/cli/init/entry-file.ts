import { existsSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { listSourceFiles } from "../source-files.ts"
import type { Project } from "./detect.ts"

/** The file that creates a Hono or Express application. */
export interface EntryFile {
  /** The path relative to the project's folder. */
  path: string
  /** The variable that holds the application. */
  variable: string
}

const creations = {
  hono: /\b(?:const|let|var)\s+(\w+)\s*(?::[^=]+)?=\s*new\s+Hono\b/,
  express: /\b(?:const|let|var)\s+(\w+)\s*(?::[^=]+)?=\s*express\s*\(/,
}

/** Finds the file that creates the application. `null` if there is none or more than one. */
export function findEntryFile({ folder, framework, source }: Project): EntryFile | null {
  if (framework === "next") return null
  const root = join(folder, source)
  if (!existsSync(root)) return null
  const found = listSourceFiles(root).code.flatMap((path) => {
    const variable = creations[framework].exec(readFileSync(path, "utf8"))?.[1]
    return variable ? [{ path: posix.relative(folder, path), variable }] : []
  })
  return found.length === 1 ? found[0]! : null
}
