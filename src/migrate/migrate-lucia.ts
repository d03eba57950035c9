import { existsSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import type { SourceFile } from "ts-morph"
import { ambientFile, ambientLucia } from "./lucia-v3/ambient-lucia.ts"
import { luciaImports } from "./lucia-v3/lucia-imports.ts"
import { migrateLuciaV3 } from "./lucia-v3/migrate-lucia-v3.ts"
import type { TsMorph } from "./load-ts-morph.ts"
import { isLuciaV2, migrateLuciaV2 } from "./migrate-lucia-v2.ts"
import { migratePackageJson } from "./package-json.ts"
import { listSourceFiles } from "./source-files.ts"
import { createChanges } from "./text-edits.ts"
import type { Changes, Leftover } from "./text-edits.ts"

/** What a migration would do. */
export interface Migration {
  /** The files that change. */
  files: ChangedFile[]
  /** What is left, by file and line. */
  leftovers: Leftover[]
  /** What to know besides. */
  notes: string[]
}

/** A file before and after. */
export interface ChangedFile {
  /** From the folder that was asked for. */
  path: string
  before: string
  after: string
}

// What browsers and other packages declare for everybody says nothing about Lucia, and takes long to read.
const fewTypes = { lib: ["lib.es2022.d.ts"], types: [] }

/** Works out how an application in a folder moves from Lucia to this package, and writes nothing. */
export function planLuciaMigration(folder: string, { Project, ts }: TsMorph, version: string): Migration {
  const found = listSourceFiles(folder)
  const changes = createChanges((path) => relative(folder, path))
  const tsConfigFilePath = join(folder, "tsconfig.json")
  const project = new Project({
    ...(existsSync(tsConfigFilePath) && { tsConfigFilePath }),
    skipAddingFilesFromTsConfig: true,
    compilerOptions: { allowJs: true, noEmit: true, jsx: ts.JsxEmit.Preserve, ...fewTypes, ...generatedPaths(folder) },
  })
  const files = found.code.map((path) => project.addSourceFileAtPath(path))
  project.createSourceFile(join(folder, ambientFile), ambientLucia)
  const notes = migrateCode(files, changes)
  const texts = changes.texts()
  if (notes) leaveComponents(found.components, folder, changes)
  const changed = [...texts].map(([path, after]) => ({
    path: relative(folder, path),
    before: readFileSync(path, "utf8"),
    after,
  }))
  const manifest = notes && texts.size > 0 ? migrateManifest(folder, version) : null
  const all = [...changed, ...(manifest ? [manifest.file] : [])].filter(({ before, after }) => before !== after)
  const leftovers = changes.leftovers.toSorted((a, b) =>
    a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1,
  )
  return { files: all, leftovers, notes: [...(notes ?? []), ...(manifest?.notes ?? [])] }
}

// SvelteKit writes these into a folder that is not there before it has run.
function generatedPaths(folder: string): { paths?: Record<string, string[]> } {
  const isSvelteKit = ["svelte.config.js", "svelte.config.ts"].some((name) => existsSync(join(folder, name)))
  if (!isSvelteKit || existsSync(join(folder, ".svelte-kit/tsconfig.json"))) return {}
  return { paths: { $lib: [join(folder, "src/lib")], "$lib/*": [join(folder, "src/lib/*")] } }
}

// Returns what to know; `null` where nothing was done.
function migrateCode(files: SourceFile[], changes: Changes): string[] | null {
  const [v2, v3] = [files.filter(isLuciaV2), files.filter(isLuciaV3)]
  const [firstV2, firstV3] = [v2[0], v3[0]]
  if (firstV2 && firstV3) {
    changes.leave(firstV2, "nothing was changed: this is written for Lucia v2")
    changes.leave(firstV3, "and this for Lucia v3: move each application by itself")
    return null
  }
  if (firstV2) migrateLuciaV2(files, changes)
  if (firstV2) return notesOfV2
  return firstV3 && migrateLuciaV3(files, changes) ? notesOfV3 : null
}

function isLuciaV3(file: SourceFile): boolean {
  const names = luciaImports(file).flatMap((each) => each.getNamedImports())
  return names.some((each) => each.getName() === "Lucia" && !each.isTypeOnly())
}

const notesOfV2 = [
  'Session ids become hashes as they are used. Give lucia() the option storedIds: "clear" at first, for a way back to Lucia and while servers with Lucia run beside.',
  "From the drop-in to createAuth() the way is by hand: docs/migrate-lucia-v2.md of nightlatch shows it.",
]
const notesOfV3 = [
  "Cookies that Lucia made stay valid. Stop what still runs Lucia over the same table: it takes public ids for tokens.",
  "The cookie lives 400 days now, whatever sessionCookie.expires said: the row decides when a session ends.",
  "For Next.js, createPagesAuth() of nightlatch/next/pages and createNextAuth() of nightlatch/next do what validateRequest() does, and more: docs/nextjs.md of nightlatch.",
]

function migrateManifest(folder: string, version: string): { file: ChangedFile; notes: string[] } | null {
  const path = join(folder, "package.json")
  if (!existsSync(path)) return null
  const before = readFileSync(path, "utf8")
  const { text: after, notes } = migratePackageJson(before, version)
  return { file: { path: "package.json", before, after }, notes }
}

function leaveComponents(paths: string[], folder: string, changes: Changes): void {
  for (const path of paths) {
    const text = readFileSync(path, "utf8")
    const use = text.search(/["'](nightlatch\/)?lucia["']|\blucia\./)
    if (use < 0) continue
    const line = text.slice(0, use).split("\n").length
    changes.leftovers.push({
      file: relative(folder, path),
      line,
      reason: "a component that uses lucia is not rewritten",
    })
  }
}
