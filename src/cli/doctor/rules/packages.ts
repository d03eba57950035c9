import { posix } from "node:path"
import { firstNotIn, rangeOfTag } from "../node-range.ts"
import { callsOf } from "../calls.ts"
import { importsOf } from "../imports.ts"
import type { Project } from "../project.ts"
import type { Problem, Rule } from "../rule.ts"
import { lineOf } from "../source.ts"
import type { Source } from "../source.ts"
import { pages } from "../pages.ts"

interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  engines?: { node?: string }
}

// The peer dependencies of each entry, which the package does not install.
const peers: Record<string, string[]> = {
  "nightlatch/hono": ["hono"],
  "nightlatch/next": ["next"],
  "nightlatch/next/pages": ["next"],
  "nightlatch/react": ["react"],
  "nightlatch/adapters/better-sqlite3": ["better-sqlite3"],
  "nightlatch/adapters/libsql": ["@libsql/client", "libsql"],
  "nightlatch/adapters/pglite": ["@electric-sql/pglite"],
  "nightlatch/adapters/pg": ["pg", "@neondatabase/serverless"],
  "nightlatch/adapters/postgres": ["postgres"],
  "nightlatch/adapters/mysql2": ["mysql2"],
  "nightlatch/adapters/kysely": ["kysely"],
  "nightlatch/adapters/drizzle": ["drizzle-orm"],
  "nightlatch/adapters/prisma": ["@prisma/client", "prisma"],
  "nightlatch/adapters/redis": ["redis", "@redis/client"],
  "nightlatch/adapters/ioredis": ["ioredis"],
  "nightlatch/adapters/unstorage": ["unstorage", "nitropack", "nuxt"],
}

/** Rules about installed packages and the version of Node.js. */
export const packageRules: Rule[] = [
  {
    name: "two-copies",
    severity: "warning",
    finds: "two versions of nightlatch in `node_modules` or in the lock file",
    cure: "Ask for one version in every package.json, and run `npm dedupe` or its like.",
    check: (project) => [
      ...installedTwice(project),
      ...[...project.files].flatMap(([file, text]) => lockedTwice(file, text)),
    ],
  },
  {
    name: "old-node",
    severity: "error",
    finds: "a Node.js in `engines`, `.nvmrc`, a Dockerfile or a workflow that is older than nightlatch needs",
    cure: "Use a Node.js that nightlatch's package.json names in `engines`, and write it into this file.",
    page: pages.deployment,
    check: (project) => [...project.files].flatMap(([file, text]) => oldNodes(project, file, text)),
  },
  {
    name: "missing-dependency",
    severity: "error",
    finds: "an entry of nightlatch, or `argon2id()`, without the package that it needs in package.json",
    cure: "Install the package that is missing.",
    page: pages.databases,
    check: (project) => project.sources.flatMap((source) => missingPeers(project, source)),
  },
]

function installedTwice({ files }: Project): Problem[] {
  const copies = [...files].filter(([path]) => /(?:^|\/)node_modules\/nightlatch\/package\.json$/.test(path))
  const [first, ...others] = copies.sort(([a], [b]) => a.length - b.length)
  return others.map(([file]) => ({
    file,
    line: 1,
    message: `There is another copy in ${posix.dirname(first![0])}: each has its own types and its own state.`,
  }))
}

// The versions in one lock file, each with the line that names it.
function lockedTwice(file: string, text: string): Problem[] {
  const lines = lockedLines(posix.basename(file), text.split("\n"))
  const versions = new Map(lines.map(({ version, line }) => [version, line]))
  const [first, ...others] = [...versions]
  return others.map(([version, line]) => ({
    file,
    line,
    message: `nightlatch ${version} is installed next to ${first![0]}.`,
  }))
}

function lockedLines(name: string, lines: string[]): { version: string; line: number }[] {
  const patterns: Record<string, RegExp> = {
    "package-lock.json": /"(?:.*\/)?node_modules\/nightlatch": \{/,
    "npm-shrinkwrap.json": /"(?:.*\/)?node_modules\/nightlatch": \{/,
    "pnpm-lock.yaml": /^ {2}['"]?\/?nightlatch@(\d[\w.-]*)/,
    "yarn.lock": /^"?nightlatch@.*:$/,
    "bun.lock": /\["nightlatch@(\d[\w.-]*)"/,
  }
  const pattern = patterns[name]
  if (!pattern) return []
  return lines.flatMap((text, at) => {
    const found = text.length < 500 ? pattern.exec(text) : null
    // npm and yarn write the version in the next line.
    const version = found && (found[1] ?? /version"?:? "?(\d[\w.-]*)/.exec(lines[at + 1] ?? "")?.[1])
    return version ? [{ version, line: at + 1 }] : []
  })
}

function oldNodes({ requiredNode }: Project, file: string, text: string): Problem[] {
  return nodesIn(file, text).flatMap(({ range, line }) => {
    const old = firstNotIn(range, requiredNode)
    return old === null
      ? []
      : [
          {
            file,
            line,
            message: `This allows Node.js ${old.replaceAll("99", "x")}, and nightlatch needs ${requiredNode}.`,
          },
        ]
  })
}

function nodesIn(file: string, text: string): { range: string; line: number }[] {
  const name = posix.basename(file)
  if (file.includes("node_modules/")) return []
  if (name === "package.json") return enginesIn(text)
  const pattern = tagPattern(file, name)
  if (!pattern) return []
  return text.split("\n").flatMap((content, at) => {
    const range = rangeOfTag(pattern.exec(content)?.[1] ?? "")
    return range === null ? [] : [{ range, line: at + 1 }]
  })
}

function tagPattern(file: string, name: string): RegExp | undefined {
  if (name === ".nvmrc" || name === ".node-version") return /^\s*([\w./-]+)/
  if (name === ".tool-versions") return /^nodejs\s+(\S+)/
  if (/^(?:.*\.)?[dD]ockerfile(?:\..*)?$|^Containerfile$/.test(name))
    return /^\s*FROM\s+(?:--\S+\s+)?(?:\S+\/)?node:(\S+)/i
  return /(?:^|\/)\.github\/workflows\/[^/]*\.ya?ml$/.test(file)
    ? /^\s*(?:- )?node-version:\s*["']?([\w.]+)["']?\s*(?:#.*)?$/
    : undefined
}

function enginesIn(text: string): { range: string; line: number }[] {
  const range = manifestOf(text).engines?.node
  const at = text.indexOf('"node"', Math.max(text.indexOf('"engines"'), 0))
  return range === undefined ? [] : [{ range, line: text.slice(0, Math.max(at, 0)).split("\n").length }]
}

function missingPeers({ files }: Project, source: Source): Problem[] {
  const listed = listedFor(files, source.path)
  if (listed.length === 0) return []
  const has = (name: string) => listed.some((each) => name in dependenciesOf(each))
  const missing = (at: number, entry: string, name: string) => {
    return {
      file: source.path,
      line: lineOf(source, at),
      message: `${entry} needs ${name}, which package.json does not list.`,
    }
  }
  const entries = importsOf(source).filter(
    ({ module, isType }) => !isType && module in peers && !peers[module]!.some(has),
  )
  const hashes = has("@node-rs/argon2") || listed.some(hasOwnArgon2) ? [] : argonCalls(source)
  return [
    ...entries.map(({ at, module }) => missing(at, module, peers[module]![0]!)),
    ...hashes.map((at) => missing(at, "argon2id()", "@node-rs/argon2")),
  ]
}

function argonCalls(source: Source): number[] {
  const isOurs = importsOf(source).some(
    ({ module, names }) => module === "nightlatch/password" && names.has("argon2id"),
  )
  return isOurs
    ? callsOf(source, new Set(["argon2id"]))
        .filter(({ object }) => !object)
        .map(({ at }) => at)
    : []
}

// Node.js has included argon2 since 24.7, and this package uses it since 24.19.
function hasOwnArgon2({ engines }: Manifest): boolean {
  return engines?.node !== undefined && firstNotIn(engines.node, ">=24.19") === null
}

// A workspace may list it in a package.json above.
function listedFor(files: ReadonlyMap<string, string>, path: string): Manifest[] {
  const above = [...files].filter(([file]) => {
    const folder = posix.dirname(file)
    return (
      posix.basename(file) === "package.json" &&
      !file.includes("node_modules/") &&
      (folder === "." || path.startsWith(`${folder}/`))
    )
  })
  return above.map(([, text]) => manifestOf(text))
}

function dependenciesOf({
  dependencies,
  devDependencies,
  optionalDependencies,
  peerDependencies,
}: Manifest): Record<string, string> {
  return { ...devDependencies, ...peerDependencies, ...optionalDependencies, ...dependencies }
}

function manifestOf(text: string): Manifest {
  try {
    return Object(JSON.parse(text)) as Manifest
  } catch {
    return {}
  }
}
