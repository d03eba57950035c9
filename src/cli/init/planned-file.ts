import { writeModule } from "./code-style.ts"
import type { CodeStyle } from "./code-style.ts"
import type { Project } from "./detect.ts"

/** A file that is to be there. */
export interface PlannedFile {
  /** From the project's folder, with `/`. */
  path: string
  text: string
}

/** A module of a template, with the ending that the project's language has. */
export function moduleFile(name: string, template: string, style: CodeStyle, jsx = false): PlannedFile {
  const ending = `${style.typescript ? "ts" : "js"}${jsx ? "x" : ""}`
  return { path: `${name}.${ending}`, text: writeModule(template, style) }
}

/** The tables as a file of SQL, for a database that the application does not set up itself. */
export function tableFile({ database }: Project, folder: string): PlannedFile[] {
  return database.tables === undefined ? [] : [{ path: `${folder}/tables.sql`, text: database.tables }]
}
