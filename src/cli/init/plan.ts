import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Project } from "./detect.ts"
import { nextFiles } from "./next-files.ts"
import { moduleFile, tableFile } from "./planned-file.ts"
import type { PlannedFile } from "./planned-file.ts"
import { stepsAfter } from "./steps.ts"
import { expressRoutes } from "./templates/express.ts"
import { honoRoutes } from "./templates/hono.ts"
import { formActions, htmlPages, serverAuth } from "./templates/shared.ts"

/** The planned changes of `init`. */
export interface Plan {
  /** Files to create. */
  files: PlannedFile[]
  /** Existing files, which stay unchanged, with the lines that sign-in needs in them. */
  kept: PlannedFile[]
  /** The steps left for the user, in order. */
  steps: string[]
}

/** Plans what a project needs. Writes nothing. */
export function planFor(project: Project): Plan {
  const wanted = project.framework === "next" ? nextFiles(project) : serverFiles(project)
  const isThere = ({ path }: PlannedFile) => existsSync(join(project.folder, path))
  const isSame = ({ path, text }: PlannedFile) => readFileSync(join(project.folder, path), "utf8") === text
  return {
    files: wanted.filter((file) => !isThere(file)),
    kept: wanted.filter((file) => isThere(file) && !isSame(file)),
    steps: stepsAfter(project, wanted),
  }
}

function serverFiles(project: Project): PlannedFile[] {
  const { framework, style } = project
  const folder = `${project.source}auth`
  const modules = {
    database: project.database.code(false),
    auth: serverAuth,
    credentials: formActions,
    pages: htmlPages,
    routes: framework === "hono" ? honoRoutes : expressRoutes,
  }
  return [
    ...tableFile(project, folder),
    ...Object.entries(modules).map(([name, template]) => moduleFile(`${folder}/${name}`, template, style)),
  ]
}
