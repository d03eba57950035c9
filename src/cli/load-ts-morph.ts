import { createRequire } from "node:module"
import { join } from "node:path"

/** What ts-morph exports. */
export type TsMorph = typeof import("ts-morph")

/** Loads ts-morph from an application, or else from beside this package. `null` where there is none. */
export function loadTsMorph(folder: string): TsMorph | null {
  return requireFrom(join(folder, "package.json")) ?? requireFrom(import.meta.url)
}

function requireFrom(path: string): TsMorph | null {
  try {
    // The package has these types since the version that package.json asks for.
    return createRequire(path)("ts-morph") as TsMorph
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return null
    throw error
  }
}
