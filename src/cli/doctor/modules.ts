import { posix } from "node:path"
import { importsOf } from "./imports.ts"
import type { Import } from "./imports.ts"
import { oncePer } from "./once.ts"
import type { Project } from "./project.ts"
import type { Source } from "./source.ts"
import { tokenize } from "./tokenize.ts"

const endings = ["", ".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".cjs", ".cts", ".vue", ".svelte", ".astro"]
const indexes = endings.slice(1).map((ending) => `/index${ending}`)

/** The imports of a project's own code. */
export interface Modules {
  /** Returns the file that an import resolves to; `null` for a package, or if it is not found. */
  fileOf(source: Source, specifier: string): Source | null
  /** Returns the files that a file needs, itself first. `isWhole` is false if one of the project's own is not found. */
  reachedFrom(source: Source): { sources: Source[]; isWhole: boolean }
}

/** Resolves imports by relative paths and by the `paths` of tsconfig.json and jsconfig.json. */
export const modulesOf = oncePer(createModules)

function createModules(project: Project): Modules {
  const sources = new Map(project.sources.map((source) => [source.path, source]))
  const aliases = aliasesOf(project)

  function fileOf(source: Source, specifier: string): Source | null {
    for (const path of candidates(source, specifier)) {
      const found = endings.concat(indexes).map((ending) => sources.get(posix.normalize(path + ending)))
      const file = found.find((each) => each !== undefined)
      if (file) return file
    }
    return null
  }

  function candidates(source: Source, specifier: string): string[] {
    const path = specifier.replace(/\?.*$/, "")
    const bases = path.startsWith(".") ? [posix.join(posix.dirname(source.path), path)] : aliased(source, path)
    // TypeScript is imported by the name of its compiled file.
    return bases.flatMap((base) => [
      base,
      base.replace(/\.([cm]?)js(x?)$/, ".$1ts$2"),
      base.replace(/\.[cm]?jsx?$/, ""),
    ])
  }

  function aliased(source: Source, specifier: string): string[] {
    const fitting = aliases.filter(({ folder, start }) => isBelow(source.path, folder) && specifier.startsWith(start))
    return fitting.map(({ start, target }) => posix.join(target, specifier.slice(start.length)))
  }

  function reachedFrom(source: Source): { sources: Source[]; isWhole: boolean } {
    const reached = new Set([source])
    let isWhole = true
    for (const each of reached) {
      for (const { module } of importsOf(each).filter(isValue)) {
        const file = fileOf(each, module)
        if (file) reached.add(file)
        else if (looksOwn(module)) isWhole = false
      }
    }
    return { sources: [...reached], isWhole }
  }

  return { fileOf, reachedFrom }
}

function isValue({ isType }: Import): boolean {
  return !isType
}

function looksOwn(module: string): boolean {
  return /^(?:[.~#$]|@\/|src\/)/.test(module) && !/\.(?:css|scss|less|json|svg|png|jpe?g|webp|md|mdx)$/.test(module)
}

interface Alias {
  /** The folder of the tsconfig.json. */
  folder: string
  start: string
  target: string
}

// The longest alias first. Without a configuration, uses the frameworks' defaults.
function aliasesOf({ files }: Project): Alias[] {
  const configured = [...files].flatMap(([path, text]) => {
    return /(?:^|\/)[jt]sconfig(?:\.\w+)?\.json$/.test(path) ? aliasesIn(posix.dirname(path), text) : []
  })
  const usual = [
    { folder: ".", start: "$lib/", target: "src/lib" },
    ...["@/", "~/", "~~/", "#/"].flatMap((start) =>
      [".", "src", "app"].map((target) => ({ folder: ".", start, target })),
    ),
  ]
  return [...configured, ...usual].sort((a, b) => b.start.length - a.start.length)
}

function aliasesIn(folder: string, text: string): Alias[] {
  const { baseUrl = ".", paths = {} } = compilerOptions(text)
  return Object.entries(paths).flatMap(([pattern, targets]) => {
    const start = pattern.replace(/\*$/, "")
    return targets.map((target) => ({ folder, start, target: posix.join(folder, baseUrl, target.replace(/\*$/, "")) }))
  })
}

interface CompilerOptions {
  baseUrl?: string
  paths?: Record<string, string[]>
}

// A tsconfig.json may have comments and trailing commas.
function compilerOptions(text: string): CompilerOptions {
  const plain = tokenize(text, { jsx: false }).filter(({ kind }) => kind !== "comment" && kind !== "space")
  const joined = plain.map((token) => token.text).join("")
  try {
    const parsed = JSON.parse(joined.replaceAll(/,([}\]])/g, "$1")) as { compilerOptions?: CompilerOptions }
    return parsed.compilerOptions ?? {}
  } catch {
    return {}
  }
}

function isBelow(path: string, folder: string): boolean {
  return folder === "." || path.startsWith(`${folder}/`)
}
