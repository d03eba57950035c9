import { existsSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import type { Project, SourceFile } from "ts-morph"
import { leftInComponent, readComponents } from "./components.ts"
import type { TsMorph } from "./load-ts-morph.ts"
import { ambientFile, ambientLucia } from "./lucia-v3/ambient-lucia.ts"
import { luciaImports } from "./lucia-v3/lucia-imports.ts"
import { migrateLuciaV3 } from "./lucia-v3/migrate-lucia-v3.ts"
import { migrateManifests } from "./manifests.ts"
import { componentNeedsLucia, leaveMentions, mentionsOf, needsLucia } from "./mentions.ts"
import { isLuciaV2, migrateComponentV2, migrateLuciaV2 } from "./migrate-lucia-v2.ts"
import { listSourceFiles } from "./source-files.ts"
import { createChanges } from "./text-edits.ts"
import type { Changes, Leftover } from "./text-edits.ts"

/** The planned changes of a migration. */
export interface Migration {
  /** The files that change. */
  files: ChangedFile[]
  /** The work left, by file and line. */
  leftovers: Leftover[]
  /** Further notes. */
  notes: string[]
}

/** A file before and after. */
export interface ChangedFile {
  /** The path relative to the requested folder. */
  path: string
  before: string
  after: string
}

// The result of migrating the code.
interface Plan {
  notes: string[]
  /** The module that replaces Lucia. */
  module: string
  /** The old name of the application's Lucia v3 instance, which now has another name. */
  instance: string | null
  rewriteComponent(text: string): string
}

// Global declarations of browsers and other packages do not concern Lucia, and are slow to read.
const fewTypes = { lib: ["lib.es2022.d.ts"], types: [] }

/** Plans the migration of a folder's application from Lucia to this package. Writes nothing. */
export function planLuciaMigration(folder: string, tsMorph: TsMorph, version: string): Migration {
  const found = listSourceFiles(folder)
  const project = openProject(folder, tsMorph)
  const files = found.code.map((path) => project.addSourceFileAtPath(path))
  const shorten = (path: string) => relative(folder, path)
  const changes = createChanges(new Set(files.map((file) => file.getFilePath())), shorten)
  const plan = planCode(files, changes)
  const components = readComponents(found.components, shorten, plan?.rewriteComponent ?? ((text) => text))
  for (const each of components) changes.leftovers.push(...leftInComponent(each, plan?.instance ?? null))
  if (plan || changes.leftovers.length === 0) leaveMentions(files, plan?.module ?? "nightlatch/lucia", changes)

  const texts = [...changes.texts()].map(([path, after]) => ({ path, before: readFileSync(path, "utf8"), after }))
  const rewritten = components.filter(({ before, after }) => before !== after)
  const absolute = (path: string) => join(folder, path)
  const code = {
    changed: [...texts.map(({ path }) => path), ...rewritten.map(({ path }) => absolute(path))],
    needing: [
      ...files.filter((file) => needsLucia(file, changes)).map((file) => file.getFilePath()),
      ...components.filter(({ after }) => componentNeedsLucia(after)).map(({ path }) => absolute(path)),
    ],
  }
  const manifests = migrateManifests(found.manifests, code, version, shorten)
  const all = [...texts, ...manifests.map(({ path, before, text: after }) => ({ path, before, after }))]
  const changed = [...all.map((each) => ({ ...each, path: shorten(each.path) })), ...rewritten]
  return {
    files: changed.filter(({ before, after }) => before !== after),
    leftovers: changes.leftovers.toSorted(byPlace),
    notes: [...(plan?.notes ?? []), ...manifests.flatMap(({ notes }) => notes)],
  }
}

function openProject(folder: string, { Project, ts }: TsMorph): Project {
  const tsConfigFilePath = ["tsconfig.json", "jsconfig.json"].map((name) => join(folder, name)).find(existsSync)
  const project = new Project({
    ...(tsConfigFilePath && { tsConfigFilePath }),
    skipAddingFilesFromTsConfig: true,
    compilerOptions: { allowJs: true, noEmit: true, jsx: ts.JsxEmit.Preserve, ...fewTypes, ...generatedPaths(folder) },
  })
  project.createSourceFile(join(folder, ambientFile), ambientLucia)
  return project
}

// SvelteKit generates these paths into a folder that does not exist before its first run.
function generatedPaths(folder: string): { paths?: Record<string, string[]> } {
  const isSvelteKit = ["svelte.config.js", "svelte.config.ts"].some((name) => existsSync(join(folder, name)))
  if (!isSvelteKit || existsSync(join(folder, ".svelte-kit/tsconfig.json"))) return {}
  return { paths: { $lib: [join(folder, "src/lib")], "$lib/*": [join(folder, "src/lib/*")] } }
}

// `null` if nothing was done.
function planCode(files: SourceFile[], changes: Changes): Plan | null {
  const [[firstV2], [firstV3]] = [files.filter(isLuciaV2), files.filter(isLuciaV3)]
  if (firstV2 && firstV3) {
    changes.leave(firstV2, "nothing was changed: this is written for Lucia v2")
    changes.leave(firstV3, "and this for Lucia v3: move each application by itself")
    return null
  }
  if (firstV2) {
    migrateLuciaV2(files, changes)
    return { notes: notesOfV2, module: "nightlatch/lucia-v2", instance: null, rewriteComponent: migrateComponentV2 }
  }
  const v3 = { module: "nightlatch/lucia", rewriteComponent: (text: string) => text }
  const instance = firstV3 ? migrateLuciaV3(files, changes) : null
  if (firstV3) return instance ? { ...v3, notes: notesOfV3, instance } : null
  return pointHelpers(files, changes) ? { ...v3, notes: notesOfHelpers, instance: null } : null
}

function isLuciaV3(file: SourceFile): boolean {
  const names = luciaImports(file).flatMap((each) => each.getNamedImports())
  return names.some((each) => each.getName() === "Lucia" && !each.isTypeOnly())
}

// Code that does not create a `Lucia` works unchanged with the drop-in. Imports without names may create one.
function pointHelpers(files: SourceFile[], changes: Changes): boolean {
  const imports = files.flatMap(luciaImports).filter((each) => each.getNamedImports().length > 0)
  const specifiers = imports.map((each) => each.getModuleSpecifier())
  const isKnown = files.flatMap(mentionsOf).every((each) => specifiers.some((specifier) => specifier === each))
  const moved = specifiers.filter((each) => each.getLiteralValue() !== "nightlatch/lucia")
  if (!isKnown || moved.length === 0) return false
  for (const specifier of moved) {
    const quote = specifier.getText()[0]!
    changes.replace(specifier, `${quote}nightlatch/lucia${quote}`)
  }
  return true
}

const notesOfV2 = [
  'Session ids stay in clear, by the option storedIds: "clear", for the way back to Lucia and while servers with Lucia run at the same time. Remove the option when you are sure to stay: ids become hashes as they are used.',
  "From the drop-in to createAuth() the way is by hand: docs/lucia/v2.md of nightlatch shows it.",
]
const notesOfV3 = [
  "Cookies that Lucia made stay valid. Stop what still runs Lucia over the same table: it takes public ids for tokens.",
  "The cookie lives 400 days now, whatever sessionCookie.expires said: the row decides when a session ends.",
  "For Next.js, createPagesAuth() of nightlatch/next/pages and createNextAuth() of nightlatch/next do what validateRequest() does, and more: docs/getting-started/ of nightlatch.",
]
const notesOfHelpers = ["No new Lucia() was found: what is imported from lucia comes from nightlatch/lucia now."]

function byPlace(a: Leftover, b: Leftover): number {
  if (a.file === b.file) return a.line - b.line
  return a.file < b.file ? -1 : 1
}
