import { writeModule } from "./code-style.ts"
import type { CodeStyle } from "./code-style.ts"
import type { Project } from "./detect.ts"

/** A file that the project needs. */
export interface PlannedFile {
  /** The path relative to the project's folder, with `/`. */
  path: string
  text: string
}

/** Creates a module from a template, with the extension of the project's language. */
export function moduleFile(name: string, template: string, style: CodeStyle, jsx = false): PlannedFile {
  const ending = `${style.typescript ? "ts" : "js"}${jsx ? "x" : ""}`
  return { path: `${name}.${ending}`, text: writeModule(template, style) }
}

/** Returns the tables as a SQL file, for a database that the application does not set up itself. */
export function tableFile({ database }: Project, folder: string): PlannedFile[] {
  return database.tables === undefined ? [] : [{ path: `${folder}/tables.sql`, text: database.tables }]
}
