import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { UsageError } from "../command.ts"
import type { CodeStyle } from "./code-style.ts"
import { databases, unsupported } from "./databases.ts"
import type { Database } from "./databases.ts"
import { majorOf, readCompilerOptions, readManifest, UnsupportedProject } from "./read-config.ts"
import type { CompilerOptions, Manifest } from "./read-config.ts"

/** The facts that `init` needs about a project. */
export interface Project {
  folder: string
  framework: Framework
  database: Database
  style: CodeStyle
  /** The folder of the code: `src/`, or none. */
  source: "src/" | ""
  /** The major version of Next.js. */
  next: number
  /** Whether Next.js requires a `<Suspense>` around code that reads a request. */
  cacheComponents: boolean
  /** `npm install`, or the equivalent of another package manager. */
  install: string
  /** All dependencies, with their ranges. */
  packages: Record<string, string>
}

export const frameworks = ["next", "hono", "express"] as const
export type Framework = (typeof frameworks)[number]

/** The user's choices. */
export interface Choices {
  framework?: Framework | undefined
  database?: string | undefined
}

/**
 * Detects the facts about a project. Throws {@link UnsupportedProject}, or {@link UsageError} if the user must choose.
 * `nodeVersion` has the form `24.21.0`.
 */
export function detectProject(folder: string, choices: Choices, nodeVersion: string): Project {
  const manifest = readManifest(folder)
  if (!manifest)
    throw new UnsupportedProject("There is no package.json here. Run this in the folder of your application.")
  const packages = { ...manifest.devDependencies, ...manifest.dependencies }
  const framework = choices.framework ?? detectFramework(packages)
  const next = framework === "next" ? (majorOf(folder, "next", packages.next) ?? 16) : 0
  const source = sourceFolder(folder, framework)
  checkVersions(folder, framework, packages, next)
  return {
    folder,
    framework,
    database: detectDatabase(packages, choices.database, nodeVersion),
    style: detectStyle(folder, framework, manifest, packages),
    source,
    next,
    cacheComponents: framework === "next" && hasCacheComponents(folder),
    install: installCommand(folder, manifest),
    packages,
  }
}

function detectFramework(packages: Record<string, string>): Framework {
  const [first, ...others] = frameworks.filter((name) => name in packages)
  if (!first)
    throw new UnsupportedProject(
      "Found neither Next.js, Hono nor Express in package.json. For other frameworks, see docs/getting-started of nightlatch.",
    )
  if (others.length > 0) throw new UsageError(`Found ${[first, ...others].join(" and ")}: choose one with --framework.`)
  return first
}

function sourceFolder(folder: string, framework: Framework): Project["source"] {
  if (framework !== "next") return existsSync(join(folder, "src")) ? "src/" : ""
  const source = (["src/", ""] as const).find((each) => existsSync(join(folder, each, "app")))
  if (source !== undefined) return source
  throw new UnsupportedProject(
    "Found no folder app/ or src/app/. This sets up the App Router. For the Pages Router, see docs/getting-started/nextjs-pages.md of nightlatch.",
  )
}

function checkVersions(folder: string, framework: Framework, packages: Record<string, string>, next: number): void {
  if (framework === "next" && next < 15)
    throw new UnsupportedProject(
      `Found Next.js ${next}. This needs Next.js 15 or later. For Next.js 14, see docs/getting-started/nextjs.md of nightlatch.`,
    )
  if (framework === "express" && (majorOf(folder, "express", packages.express) ?? 5) < 5)
    throw new UnsupportedProject(
      "Found Express 4, which does not handle errors of async functions. Upgrade to Express 5 first.",
    )
  const runtime = ["wrangler", "@cloudflare/workers-types", "@types/bun", "bun-types"].find((name) => name in packages)
  if (framework === "hono" && runtime)
    throw new UnsupportedProject(
      `Found ${runtime}. This sets up Node.js only. For Bun and Cloudflare Workers, see docs/getting-started of nightlatch.`,
    )
}

function detectDatabase(packages: Record<string, string>, chosen: string | undefined, nodeVersion: string): Database {
  if (chosen !== undefined) return databases.find(({ name }) => name === chosen)!
  const other = Object.keys(unsupported).find((name) => name in packages)
  if (other)
    throw new UnsupportedProject(
      `Found ${other}, which this command does not set up. ${unsupported[other]} To use another library for sign-in, name it with --database.`,
    )
  const [first, ...others] = databases.filter(({ name }) => name in packages)
  if (others.length > 0)
    throw new UsageError(
      `Found ${[first!, ...others].map(({ name }) => name).join(" and ")}: choose one with --database.`,
    )
  return first ?? sqliteOfNode(nodeVersion)
}

function sqliteOfNode(nodeVersion: string): Database {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number)
  if (major > 22 || (major === 22 && minor >= 13)) return databases[0]!
  throw new UnsupportedProject(
    `Found no database library, and Node.js ${nodeVersion} has no built-in SQLite: 22.13 and later do. Update Node.js, or choose one with --database.`,
  )
}

function detectStyle(
  folder: string,
  framework: Framework,
  { type }: Manifest,
  packages: Record<string, string>,
): CodeStyle {
  const options = readCompilerOptions(join(folder, "tsconfig.json"))
  const typescript = options !== null || "typescript" in packages
  const isCommonJs = framework !== "next" && type !== "module"
  if (typescript && isCommonJs) checkCommonJs(options ?? {})
  return { typescript, commonJs: isCommonJs, extension: extensionOf(framework, typescript ? (options ?? {}) : {}) }
}

// nightlatch has only ES modules. Node.js can require them, and TypeScript allows that with most of its settings.
function checkCommonJs({ module = "", verbatimModuleSyntax }: CompilerOptions): void {
  if (verbatimModuleSyntax || /^node1\d$/i.test(module))
    throw new UnsupportedProject(
      `TypeScript cannot import ES modules from CommonJS with these settings of tsconfig.json. Set "type": "module" in package.json first.`,
    )
}

function extensionOf(framework: Framework, options: CompilerOptions): CodeStyle["extension"] {
  if (framework === "next") return ""
  return options.allowImportingTsExtensions || options.rewriteRelativeImportExtensions ? ".ts" : ".js"
}

function hasCacheComponents(folder: string): boolean {
  const configs = ["next.config.ts", "next.config.mjs", "next.config.js"].map((name) => join(folder, name))
  return configs.filter(existsSync).some((path) => /\bcacheComponents\s*:\s*true\b/.test(readFileSync(path, "utf8")))
}

const lockFiles: Record<string, string> = {
  "pnpm-lock.yaml": "pnpm",
  "yarn.lock": "yarn",
  "bun.lock": "bun",
  "bun.lockb": "bun",
  "package-lock.json": "npm",
}

function installCommand(folder: string, { packageManager }: Manifest): string {
  const named = packageManager?.split("@", 1)[0]
  const manager = named ?? managerOf(folder)
  return manager === "npm" ? "npm install" : `${manager} add`
}

// The lock file of a workspace is in a folder above its packages.
function managerOf(folder: string): string {
  const found = Object.keys(lockFiles).find((name) => existsSync(join(folder, name)))
  if (found) return lockFiles[found]!
  return dirname(folder) === folder ? "npm" : managerOf(dirname(folder))
}
