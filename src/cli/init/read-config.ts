import { existsSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

/** The fields of a package.json that `init` reads. */
export interface Manifest {
  type?: string
  packageManager?: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

/** The TypeScript options that decide how modules are written. */
export interface CompilerOptions {
  module?: string
  verbatimModuleSyntax?: boolean
  allowImportingTsExtensions?: boolean
  rewriteRelativeImportExtensions?: boolean
}

/** A project that cannot be set up. The message says what to do. */
export class UnsupportedProject extends Error {}

/** Reads a package.json. `null` if the folder has none. Throws {@link UnsupportedProject} for one that is not JSON. */
export function readManifest(folder: string): Manifest | null {
  const path = join(folder, "package.json")
  return existsSync(path) ? (parse(path, (text) => text) as Manifest) : null
}

/** Reads the options of a tsconfig.json and those it extends. `null` if there is none. Throws like {@link readManifest}. */
export function readCompilerOptions(path: string): CompilerOptions | null {
  if (!existsSync(path)) return null
  const { extends: base, compilerOptions } = parse(path, withoutComments) as TsConfig
  const bases = [base ?? []].flat().filter((each) => each.startsWith("."))
  const inherited = bases.map((each) =>
    readCompilerOptions(resolve(dirname(path), each.replace(/(\.json)?$/, ".json"))),
  )
  return Object.assign({}, ...inherited, compilerOptions) as CompilerOptions
}

interface TsConfig {
  extends?: string | string[]
  compilerOptions?: CompilerOptions
}

function parse(path: string, prepare: (text: string) => string): unknown {
  try {
    return JSON.parse(prepare(readFileSync(path, "utf8")))
  } catch (error) {
    throw new UnsupportedProject(`${path} cannot be read: ${(error as Error).message}`)
  }
}

// TypeScript allows comments and trailing commas.
function withoutComments(text: string): string {
  return text.replace(/("(?:\\.|[^"\\])*")|\/\/.*|\/\*[^]*?\*\//g, "$1").replace(/,(\s*[}\]])/g, "$1")
}

/** Returns a dependency's installed major version, otherwise that of the range. `null` if neither is known. */
export function majorOf(folder: string, name: string, range: string | undefined): number | null {
  const installed = join(folder, "node_modules", name, "package.json")
  const text = existsSync(installed)
    ? (JSON.parse(readFileSync(installed, "utf8")) as { version?: string }).version
    : range
  const major = /^\D*(\d+)/.exec(text ?? "")?.[1]
  return major === undefined ? null : Number(major)
}
