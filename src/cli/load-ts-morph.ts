import { createRequire } from "node:module"
import { join } from "node:path"

/** The exports of ts-morph. */
export type TsMorph = typeof import("ts-morph")

/** Loads ts-morph from an application, otherwise from where this package is installed. `null` if neither has it. */
export function loadTsMorph(folder: string): TsMorph | null {
  return requireFrom(join(folder, "package.json")) ?? requireFrom(import.meta.url)
}

function requireFrom(path: string): TsMorph | null {
  try {
    // The package has these types since the version in package.json.
    return createRequire(path)("ts-morph") as TsMorph
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return null
    throw error
  }
}
