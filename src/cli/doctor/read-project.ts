import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { basename, dirname, join, relative, sep } from "node:path"
import { createProject } from "./project.ts"
import type { Project } from "./project.ts"
import { hasCode } from "./source.ts"

const generated =
  /^(?:node_modules|dist|build|out|coverage|vendor|\.(?!env|git(?:ignore|hub)$|nvmrc$|node-version$|tool-versions$).+)$/
const largest = 1_000_000
const others =
  /^(?:package\.json|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|bun\.lock|[jt]sconfig(?:\.\w+)?\.json|\.env(?:\.\w+)*|\.gitignore|\.nvmrc|\.node-version|\.tool-versions|Containerfile|(?:.*\.)?[dD]ockerfile(?:\..*)?|.*\.(?:prisma|sql|ya?ml))$/

/**
 * Reads the files of a folder that the rules check. Leaves out installed or generated files, links, and files above 1
 * MB except lock files. Runs nothing.
 */
export function readProject(folder: string, requiredNode: string): Project {
  const paths = [...filesBelow(folder), ...copiesBelow(folder)]
  const files = new Map(paths.map((path) => [relative(folder, path).split(sep).join("/"), readFileSync(path, "utf8")]))
  return createProject(files, { requiredNode, ...repositoryOf(folder) })
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !generated.test(name))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesBelow(path)
    return entry.isFile() && isRead(path) ? [path] : []
  })
}

function isRead(path: string): boolean {
  const isLock = /lock/.test(basename(path))
  return (hasCode(path) || others.test(basename(path))) && (isLock || statSync(path).size <= largest)
}

// The copies of this package: at the top level, inside other packages, and in pnpm's store.
function copiesBelow(folder: string): string[] {
  const modules = join(folder, "node_modules")
  const packages = namesIn(modules).flatMap((name) => {
    return name.startsWith("@") ? namesIn(join(modules, name)).map((each) => join(name, each)) : [name]
  })
  const below = packages.map((name) => join(modules, name, "node_modules", "nightlatch", "package.json"))
  const stored = namesIn(join(modules, ".pnpm")).filter((name) => name.startsWith("nightlatch@"))
  const inStore = stored.map((name) => join(modules, ".pnpm", name, "node_modules", "nightlatch", "package.json"))
  const top = inStore.length > 0 ? [] : [join(modules, "nightlatch", "package.json")]
  return [...top, ...below, ...inStore].filter((path) => existsSync(path))
}

function namesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  // A link leads to a package of the workspace, or into pnpm's store.
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return entries.map(({ name }) => name)
}

// Git reads the `.gitignore` files of all folders up to the root of the repository.
function repositoryOf(folder: string): { isRepository: boolean; outerIgnores: string[] } {
  const outerIgnores: string[] = []
  for (let at = folder; ; at = dirname(at)) {
    if (at !== folder) outerIgnores.unshift(...linesOf(join(at, ".gitignore")))
    if (existsSync(join(at, ".git"))) return { isRepository: true, outerIgnores }
    if (at === dirname(at)) return { isRepository: false, outerIgnores: [] }
  }
}

function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n") : []
}
