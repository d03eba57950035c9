import { existsSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

/** What `init` reads of a package.json. */
export interface Manifest {
  type?: string
  packageManager?: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

/** The options of TypeScript that decide how modules are written. */
export interface CompilerOptions {
  module?: string
  verbatimModuleSyntax?: boolean
  allowImportingTsExtensions?: boolean
  rewriteRelativeImportExtensions?: boolean
}

/** Reads a package.json. `null` if the folder has none. Throws for one that is not JSON. */
export function readManifest(folder: string): Manifest | null {
  const path = join(folder, "package.json")
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : null
}

/** Reads the options of a tsconfig.json, with those that it extends. `null` if there is none. */
export function readCompilerOptions(path: string): CompilerOptions | null {
  if (!existsSync(path)) return null
  const { extends: base, compilerOptions } = parseJsonc(readFileSync(path, "utf8"))
  const bases = [base ?? []].flat().filter((each) => each.startsWith("."))
  const inherited = bases.map((each) =>
    readCompilerOptions(resolve(dirname(path), each.replace(/(\.json)?$/, ".json"))),
  )
  return Object.assign({}, ...inherited, compilerOptions) as CompilerOptions
}

// With the comments and trailing commas that TypeScript allows.
function parseJsonc(text: string): { extends?: string | string[]; compilerOptions?: CompilerOptions } {
  const plain = text.replace(/("(?:\\.|[^"\\])*")|\/\/.*|\/\*[^]*?\*\//g, "$1").replace(/,(\s*[}\]])/g, "$1")
  return JSON.parse(plain) as { extends?: string; compilerOptions?: CompilerOptions }
}

/** The major version of a dependency, of what is installed or else of the range. `null` if neither tells. */
export function majorOf(folder: string, name: string, range: string | undefined): number | null {
  const installed = join(folder, "node_modules", name, "package.json")
  const text = existsSync(installed)
    ? (JSON.parse(readFileSync(installed, "utf8")) as { version?: string }).version
    : range
  const major = /^\D*(\d+)/.exec(text ?? "")?.[1]
  return major === undefined ? null : Number(major)
}
