import { commands, entry } from "../../tsup.config.ts"
import type { Import, Module } from "./module-graph.ts"

/** A rule about which module may import which. It answers with a line for each breach. */
export type ImportRule = (modules: readonly Module[]) => string[]

const ports = "src/core/ports.ts"
const port = /^src\/(core\/ports|[a-z]+\/[a-z]+-port)\.ts$/
const errors = "src/core/errors.ts"
const options = "src/core/options.ts"
const hash = "src/platform/crypto.ts"
const printsTables = "src/cli/schema/sql-script.ts"
const node = "src/platform/node.ts"
const wrapper = /^src\/(web|node|hono|react|next|next\/pages|next\/proxy)\.ts$/
const entries = new Set<string>(Object.values({ ...entry, ...commands }))
/**
 * Which files may import which packages: the wrapper of a framework that framework, an ORM's adapter that ORM, and the
 * command, which runs on Node only, what Node has.
 */
const companions: [file: RegExp, packages: RegExp][] = [
  [/^src\/next(\.ts$|\/)/, /^(next\/(cache|headers)\.js|#next\/navigation|react)$/],
  [/^src\/react\.ts$/, /^react$/],
  [/^adapters\/drizzle(\.ts$|\/)/, /^drizzle-orm$/],
  [/^src\/cli(\.ts$|\/)/, /^node:/],
]
const shared = /^adapters\/(port|retry|key-value)\//
const pure = /^src\/core\/(expiry|session-token|cookie|origin)\.ts$/

/** The core runs on any platform: it imports `src/platform` and itself. */
export const coreStandsAlone: ImportRule = forbid(
  (file, { from }) => isCore(file) && !isCore(from) && !isPlatform(from),
)

/** What all share knows nobody; one file of it knows what hashes and encodes, and one the types of Node. */
export const platformStandsAlone: ImportRule = forbid(
  (file, { from, how }) =>
    isPlatform(file) &&
    !isPlatform(from) &&
    !(file === hash && isOslo(from)) &&
    !(file === node && how === "type" && from.startsWith("node:")),
)

/** What the wrappers share knows the core, and no wrapper. */
export const requestKnowsOnlyTheCore: ImportRule = forbid(
  (file, { from }) => isRequest(file) && !isRequest(from) && !isCore(from) && !isPlatform(from),
)

/** What the adapters share knows no driver, no ORM and no kind of store. */
export const sharedRoomsKnowNoDriver: ImportRule = forbid(
  (file, { from }) => shared.test(file) && isAdapter(from) && !shared.test(from),
)

/** `@oslojs/*` can be replaced in one place. */
export const osloIsImportedOnce: ImportRule = forbid((file, { from }) => isOslo(from) && file !== hash)

/**
 * The library knows no database. One file of the command does, and of the adapters only what makes their tables: what
 * `nightlatch schema` prints must be what the adapters read, so there is no second text of it. Nobody imports the command,
 * so no application gets an adapter by that.
 */
export const sourceKnowsNoAdapter: ImportRule = forbid(
  (file, { from }) =>
    isSource(file) && isAdapter(from) && !(file === printsTables && from === "adapters/sql/schema.ts"),
)

/** An adapter knows the contract, how options are checked and what other realms make, and nothing else of the library. */
export const adaptersKnowOnlyThePorts: ImportRule = forbid(
  (file, { from, how }) =>
    isAdapter(file) &&
    isSource(from) &&
    !(from === errors || from === options || isPlatform(from) || (port.test(from) && how === "type")),
)

/** The wrappers that are built on another. */
const foundations: Record<string, string> = { "src/next/pages.ts": "src/node.ts", "src/hono.ts": "src/web.ts" }

/** A name comes from the file that owns it; an entry never drags another one in. */
export const entriesAreNotImported: ImportRule = forbid((file, { from }) => isEntry(from) && foundations[file] !== from)

/** Wrappers are given an auth: of the ports they know how a user is identified. */
export const wrappersKnowNoStore: ImportRule = forbid(
  (file, { from, names }) => wrapper.test(file) && (isAdapter(from) || makesAuth(from) || isStore(from, names)),
)

/** The modules of an account meet in `src/proof` and in what the application passes from one to another. */
export const accountRoomsStandApart: ImportRule = forbid((file, { from, how }) => {
  const [own, other] = [accountRoomOf(file), accountRoomOf(from)]
  return own !== undefined && other !== undefined && own !== other && !(port.test(from) && how === "type")
})

/** The parts that decide are pure: they know neither each other nor a store. */
export const pureFilesKnowOnlyErrors: ImportRule = forbid(
  (file, { from }) => pure.test(file) && from !== errors && from !== options && !isPlatform(from),
)

/** The cases run under any test runner, on any platform. */
export const testingNeedsNoRunner: ImportRule = forbid(
  (file, { from }) => file.startsWith("src/testing") && !isSource(from),
)

/**
 * Drivers and hashers are handed in or loaded when they are used, so that nobody needs those he does not use. What is made
 * for one framework or ORM imports it.
 */
export const packagesAreNotImported: ImportRule = forbid(
  (file, { from, how }) =>
    how === "value" && !isSource(from) && !isAdapter(from) && !isOslo(from) && !isCompanion(file, from),
)

/** A computed import cannot be checked, nor followed by a bundler. */
export const importsAreLiteral: ImportRule = forbid((_, { from }) => from === "(computed)")

/** Whoever reads a file needs none of those that need it. That goes for types too. */
export const modulesFormNoCycle: ImportRule = (modules) => {
  const graph = new Map(modules.map(({ file, imports }) => [file, imports]))
  const done = new Set<string>()
  return modules.flatMap(({ file }) => cyclesFrom(file, [], graph, done))
}

/** A name means one thing. Adapters may not import most of src, so theirs are their own; types may always share a name. */
export const valuesAreDeclaredOnce: ImportRule = (modules) => {
  const owners = new Map<string, string[]>()
  for (const { file, declares } of modules) {
    for (const name of declares) append(owners, `${name} in ${areaOf(file)}`, file)
  }
  return repeated(owners)
}

/** A value is public in one place. Types may be repeated where a signature names them. */
export const valuesAreOfferedOnce: ImportRule = (modules) => {
  const owners = new Map<string, string[]>()
  for (const { file, offers } of modules) {
    if (isEntry(file) && !isDropIn(file)) for (const name of offers) append(owners, name, file)
  }
  return repeated(owners)
}

function forbid(isBreach: (file: string, used: Import) => boolean): ImportRule {
  return (modules) =>
    modules.flatMap(({ file, imports }) =>
      imports.filter((used) => isBreach(file, used)).map(({ from }) => `${file} imports ${from}`),
    )
}

/** What takes another package's place offers that one's names. */
function isDropIn(file: string): boolean {
  return /^src\/lucia(-v2(\/middleware|\/utils)?)?\.ts$/.test(file)
}

function accountRoomOf(path: string): string | undefined {
  return /^src\/(tokens|users|throttle|audit|sign-in|oauth|totp|passkeys|device)(?:\.ts$|\/)/.exec(path)?.[1]
}

function areaOf(file: string): string | undefined {
  return file.split("/")[0]
}

function isSource(path: string): boolean {
  return path.startsWith("src/")
}

function isAdapter(path: string): boolean {
  return path.startsWith("adapters/")
}

function isCore(path: string): boolean {
  return path.startsWith("src/core/")
}

function isPlatform(path: string): boolean {
  return path.startsWith("src/platform/")
}

function isRequest(path: string): boolean {
  return path.startsWith("src/request/")
}

function isOslo(path: string): boolean {
  return path.startsWith("@oslojs/")
}

function isCompanion(file: string, from: string): boolean {
  return companions.some(([files, packages]) => files.test(file) && packages.test(from))
}

function isEntry(path: string): boolean {
  return entries.has(path)
}

function makesAuth(path: string): boolean {
  return path === "src/core/create-auth.ts"
}

function isStore(from: string, names: string[]): boolean {
  return from === ports && (names.length === 0 || names.some((name) => name !== "UserId"))
}

function cyclesFrom(file: string, path: string[], graph: Map<string, Import[]>, done: Set<string>): string[] {
  const start = path.indexOf(file)
  if (start >= 0) return [[...path.slice(start), file].join(" -> ")]
  if (done.has(file)) return []
  const found = (graph.get(file) ?? []).flatMap(({ from }) => cyclesFrom(from, [...path, file], graph, done))
  done.add(file)
  return found
}

function append(lists: Map<string, string[]>, key: string, value: string): void {
  lists.set(key, [...(lists.get(key) ?? []), value])
}

function repeated(owners: Map<string, string[]>): string[] {
  return [...owners].filter(([, files]) => files.length > 1).map(([name, files]) => `${name}: ${files.join(", ")}`)
}
