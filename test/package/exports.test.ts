import { execFileSync } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import { build } from "esbuild"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

import manifest from "../../package.json" with { type: "json" }
import { commands, entry } from "../../tsup.config.ts"
import { readModule } from "./module-graph.ts"
import type { Tarball } from "./tarball.ts"
import { packInto, root, temporaryFolder } from "./tarball.ts"

/** Pages for those who develop the package, or publish it, and what a build makes. */
const ofTheRepository = [
  ...["index", "comparison", "contributing", "publishing", "security", "threat-model"].map((name) => `docs/${name}.md`),
  "docs/reference/api",
]

/** What every entry may use. */
const common = "src/core/(errors|options)|src/platform/[^/]+"
const request =
  "src/core/(cookie|defined|expiry|origin|persistence|session-cookie)|src/request/(access|cross-origin|device|flow-cookies|open-cookie|remember|request-io|request-session|response-headers|response-window|safe-redirect|snapshots|writes)"
const scrypt = "src/password/(hashable-password|lucia-hash|node-scrypt|password-queue|portable-scrypt)"
const sqlCore = "adapters/(sql|port|retry)/[^/]+"
const envelope = "src/envelope/[^/]+"

/** The modules of ours that the code of an entry may contain. */
const contents: Record<string, RegExp> = {
  cli: modules(
    "src/cli(/.+)?",
    "adapters/sql/(schema|create-table|feature-tables)",
    "adapters/port/(names|storable-text|user-ids)",
  ),
  index: modules("src/(index|core/[^/]+)"),
  web: modules("src/web", request),
  hono: modules("src/(hono|web)", request),
  node: modules("src/node(/[^/]+)?", request),
  next: modules("src/next(/lib/[^/]+)?", request),
  "next/pages": modules("src/(next/pages|node|node/[^/]+)", request),
  "next/proxy": modules(
    "src/next/(proxy|lib/proxy-(answers|offer|paths))",
    "src/core/(cookie|defined|origin|persistence|session-cookie)",
    "src/request/(cross-origin|device-offer|response-headers|snapshots)",
  ),
  react: modules("src/react"),
  users: modules(
    "src/(users|users/[^/]+|proof/[^/]+)",
    "src/core/(defined|events|session-token)",
    "src/password/(check-password|common-passwords|hash-format|hashable-password|password-hasher|password-queue)",
  ),
  password: modules("src/password(/[^/]+)?"),
  tokens: modules("src/tokens(/[^/]+)?", "src/proof/[^/]+", "src/core/(defined|events|expiry|session-token)"),
  throttle: modules("src/throttle(/[^/]+)?", "src/proof/library-tokens", "src/core/(defined|events|expiry)"),
  "sign-in": modules("src/sign-in(/[^/]+)?", "src/proof/[^/]+", "src/core/(defined|door|events|expiry|session-token)"),
  oauth: modules(
    "src/oauth(/[^/]+)?",
    "src/request/safe-redirect",
    "src/proof/[^/]+",
    "src/core/(defined|events|expiry|session-token)",
  ),
  totp: modules("src/totp(/[^/]+)?", envelope, "src/proof/[^/]+", "src/core/(defined|events|expiry|session-token)"),
  passkeys: modules("src/passkeys(/[^/]+)?", envelope, "src/proof/[^/]+", "src/core/(defined|events|session-token)"),
  device: modules(
    "src/device(/[^/]+)?",
    envelope,
    "src/request/device-offer",
    "src/core/(cookie|defined|door|expiry|persistence|session-cookie|session-token)",
  ),
  audit: modules("src/audit(/[^/]+)?", "src/core/(defined|events)"),
  stateless: modules(
    "src/stateless(/[^/]+)?",
    envelope,
    "src/core/(cookie|defined|events|origin|persistence|expiry|session-cookie|session-token)",
  ),
  testing: modules("src/testing(/[^/]+)?"),
  lucia: modules(
    "src/lucia",
    "src/lucia/v3/[^/]+",
    "src/core/(cookie|origin|persistence|expiry|session-token)",
    scrypt,
  ),
  "lucia-v2": modules(
    "src/lucia-v2",
    "src/lucia/v[23]/[^/]+",
    "src/core/(cookie|once|origin|expiry|session-token)",
    "src/password/[^/]+",
  ),
  "lucia-v2/middleware": modules(
    "src/lucia-v2/middleware",
    "src/lucia/v2/(middleware/)?[^/]+",
    "src/core/cookie",
    "src/request/response-headers",
  ),
  "lucia-v2/utils": modules(
    "src/lucia-v2/utils",
    "src/lucia/v[23]/[^/]+",
    "src/core/(cookie|session-token)",
    "src/password/[^/]+",
  ),
  "adapters/memory": modules("adapters/memory(/[^/]+)?", "adapters/port/latest-until"),
  "adapters/sql": modules("adapters/sql", sqlCore),
  "adapters/node-sqlite": sqlAdapter("node-sqlite", "mysql|postgres|schema|create-table|feature-tables"),
  "adapters/better-sqlite3": sqlAdapter("better-sqlite3", "mysql|postgres|schema|create-table|feature-tables"),
  "adapters/libsql": sqlAdapter("libsql(/[^/]+)?", "mysql|postgres|schema|create-table|feature-tables"),
  "adapters/d1": sqlAdapter("d1", "mysql|postgres|schema|create-table|feature-tables"),
  "adapters/bun-sqlite": sqlAdapter("bun-sqlite", "mysql|postgres|schema|create-table|feature-tables"),
  "adapters/pg": sqlAdapter("pg(/[^/]+)?", "mysql|sqlite|schema|create-table|feature-tables"),
  "adapters/postgres": sqlAdapter("postgres", "mysql|sqlite|schema|create-table|feature-tables"),
  "adapters/pglite": sqlAdapter("pglite", "mysql|sqlite|schema|create-table|feature-tables"),
  "adapters/mysql2": sqlAdapter("mysql2", "postgres|sqlite|schema|create-table|feature-tables"),
  "adapters/kysely": modules("adapters/kysely", sqlCore),
  "adapters/drizzle": modules("adapters/drizzle(/[^/]+)?", sqlCore),
  "adapters/prisma": modules("adapters/prisma(/[^/]+)?", sqlCore),
  "adapters/redis": keyValueAdapter("redis"),
  "adapters/ioredis": keyValueAdapter("ioredis|adapters/redis/[^/]+"),
  "adapters/unstorage": keyValueAdapter("unstorage"),
}

/** The packages that an entry imports: its user has them, or would not use it. */
const packages: Record<string, string[]> = {
  next: ["#next/navigation", "next/cache.js", "next/headers.js", "react"],
  react: ["react"],
  oauth: ["oauth4webapi"],
  "lucia-v2/middleware": ["next/headers.js"],
  "adapters/drizzle": ["drizzle-orm"],
}

const entries = Object.entries(entry)
const exported = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === "string" ? [] : [{ path, target }],
)
const programs = Object.keys(commands).map((name) => `dist/${name}.js`)
const targets = exported.flatMap(({ target }) => [target.types, target.default]).map((path) => path.slice(2))

describe("package.json", () => {
  test("exports each entry of the build, with its types first, and nothing else", () => {
    const built = entries.map(([name]) => [
      name === "index" ? "." : `./${name}`,
      { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
    ])
    expect(exported.map(({ path, target }) => [path, target])).toEqual(built)
    expect(exported.map(({ target }) => Object.keys(target)[0])).toEqual(exported.map(() => "types"))
    expect(manifest.exports["./package.json"]).toBe("./package.json")
  })

  test("has the types of each entry for TypeScript's older module resolution too", () => {
    const paths = exported.map(({ path, target }) => [path.slice(2), [target.types]] as const)
    const [[, [types]], ...others] = paths as [(typeof paths)[number], ...typeof paths]
    expect(manifest.types).toBe(types)
    expect(manifest.typesVersions).toEqual({ "*": Object.fromEntries(others) })
  })

  test("has one command, and it is built", () => {
    expect(manifest.bin).toEqual({ nightlatch: "./dist/cli.js" })
    expect(programs).toEqual(["dist/cli.js"])
  })

  test("is for ES modules only, without side effects, and says which Node it needs", () => {
    expect(manifest).toMatchObject({ type: "module", sideEffects: false, engines: { node: "^20.19 || >=22.12" } })
    expect(manifest).not.toHaveProperty("main")
    expect(manifest).not.toHaveProperty("browser")
  })

  test("[SUP-1] has two dependencies, each in one exact version", () => {
    expect(Object.keys(manifest.dependencies)).toEqual(["@oslojs/crypto", "@oslojs/encoding"])
    for (const version of Object.values(manifest.dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(manifest).not.toHaveProperty("optionalDependencies")
    expect(manifest).not.toHaveProperty("bundleDependencies")
  })

  test("has peers that are all optional and of any version, so that none can stop an installation", () => {
    const optional = Object.keys(manifest.peerDependencies).map((name) => [name, { optional: true }])
    expect(Object.entries(manifest.peerDependenciesMeta)).toEqual(optional)
    for (const range of Object.values(manifest.peerDependencies)) expect(range).toBe("*")
  })

  test("[SUP-1] runs nothing on a user's machine", () => {
    const hooks = Object.keys(manifest.scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name))
    expect(hooks).toEqual([])
  })
})

describe("the tarball", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let tarball: Tarball
  let shipped: Map<string, string>

  beforeAll(async () => {
    folder = await temporaryFolder()
    tarball = await packInto(folder.path)
    execFileSync("tar", ["-xzf", tarball.path, "-C", folder.path])
    shipped = new Map(tarball.files.map((file) => [file, readFileSync(`${folder.path}/package/${file}`, "utf8")]))
  })
  afterAll(() => folder.remove())

  test("holds code and types of every export, and every command", () => {
    expect(tarball.files).toEqual(expect.arrayContaining([...targets, ...programs]))
  })

  test("[SUP-1] holds nothing but what the exports and commands reach, its sources, and the pages about it", () => {
    const docs = globSync("docs/**/*.md", { cwd: root, exclude: ["docs/node_modules", ...ofTheRepository] })
    const pages = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "package.json", ...docs]
    const code = reachable([...targets, ...programs], shipped)
    const maps = code.map((file) => `${file}.map`)
    const sources = globSync("{src,adapters}/**/*.ts", { cwd: root })
    expect(tarball.files.toSorted()).toEqual([...pages, ...code, ...maps, ...sources].toSorted())
  })

  test("has a map for each file of code and types, which leads to its sources", () => {
    const maps = [...shipped].filter(([file]) => file.endsWith(".map"))
    const sources = maps.flatMap(([file, map]) =>
      sourcesOf(map).map((source) => posix.join(posix.dirname(file), source)),
    )
    expect(sources).toEqual(expect.arrayContaining(["src/core/create-auth.ts", "src/core/auth.ts"]))
    expect(sources.filter((source) => !shipped.has(source))).toEqual([])
    for (const [file] of maps)
      expect(shipped.get(file.replace(/\.map$/, ""))).toMatch(/^\/\/# sourceMappingURL=.*\.map$/m)
  })

  test("names no folder of the machine that built it, and no secret", () => {
    const home = /(file:\/\/|\/(home|root|Users)\/|[A-Z]:\\\\)/
    const secret = /PRIVATE KEY|npm_[A-Za-z0-9]{36}|gh[pousr]_[A-Za-z0-9]{36}|AKIA[A-Z0-9]{16}|_authToken/
    const telling = [...shipped].filter(([, text]) => text.includes(root) || home.test(text) || secret.test(text))
    expect(telling.map(([file]) => file)).toEqual([])
  })

  test("[SUP-1] holds no code that makes code out of text", () => {
    const evaluating = /(?<![.\w])eval\s*\(|new Function\b|(?<![.\w])Function\(/
    const found = [...shipped].filter(([file, text]) => file.endsWith(".js") && evaluating.test(text))
    expect(found.map(([file]) => file)).toEqual([])
  })

  test("needs no types of Node but where Node or Next.js needs them itself", () => {
    const ofNode = ["./node", "./next", "./next/pages"]
    const needy = exported.filter(({ path, target: { types } }) => {
      const files = reachable([types.slice(2)], shipped)
      return (
        !ofNode.includes(path) &&
        files.some((file) => importsOf(file, shipped).some((from) => from.startsWith("node:")))
      )
    })
    expect(needy.map(({ path }) => path)).toEqual([])
  })
})

describe("the code of an entry", () => {
  test.each([...entries, ...Object.entries(commands)])("%s contains no other entry's", async (name, file) => {
    const foreign = (await modulesIn(file)).filter((module) => !contents[name]?.test(module))
    expect(foreign).toEqual([])
  })

  test("an entry that drags in another one is found", async () => {
    const modules = await modulesIn("src/users.ts")
    expect(modules.filter((module) => !contents.index?.test(module))).toContain("src/users/create-users.ts")
  })
})

describe("a bundle for Workers and browsers", () => {
  test.each(entries)("%s needs no module of Node, and no package that its user has not chosen", async (name) => {
    expect(await foreignImports(`export * from "./dist/${name}.js"`)).toEqual(packages[name] ?? [])
  })

  test("a module of Node is found, however it is imported", async () => {
    const code = 'import "node:fs"; export const crypto = () => import("crypto")'
    expect(await foreignImports(code)).toEqual(["crypto", "node:fs"])
  })
})

/** What a bundle imports that is neither ours nor a dependency. */
async function foreignImports(code: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    logLevel: "error",
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    outfile: "bundle.js",
    plugins: [{ name: "foreign", setup: ({ onResolve }) => onResolve({ filter: /^[^./]/ }, markForeign) }],
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  return [...new Set(imports.map(({ path }) => path))].toSorted()
}

function markForeign({ path }: { path: string }): { path: string; external: true } | undefined {
  return path.startsWith("@oslojs/") ? undefined : { path, external: true }
}

/** What a bundle of this file holds of ours, by bytes that are really there. */
async function modulesIn(file: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [file],
    bundle: true,
    logLevel: "error",
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    packages: "external",
    external: ["node:*"],
    outfile: "bundle.js",
  })
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)
}

/** The modules whose paths, without `.ts`, one of the patterns is. */
function modules(...patterns: string[]): RegExp {
  return new RegExp(`^(${[...patterns, common].join("|")})\\.ts$`)
}

function keyValueAdapter(names: string): RegExp {
  return modules(
    `adapters/${names}`,
    `adapters/(${names})/[^/]+`,
    "adapters/(key-value|port)/[^/]+",
    "adapters/retry/driver-error",
  )
}

function sqlAdapter(name: string, foreign: string): RegExp {
  return modules(`adapters/${name}`, "adapters/(port|retry)/[^/]+", `adapters/sql/(?!.*(${foreign}))[^/]+`)
}

function sourcesOf(map: string): string[] {
  return (JSON.parse(map) as { sources: string[] }).sources
}

function reachable(files: string[], texts: Map<string, string>): string[] {
  const found = new Set(files)
  // A set grows under iteration, so that this also visits what it adds.
  for (const file of found) {
    for (const from of importsOf(file, texts)) if (texts.has(from)) found.add(from)
  }
  return [...found]
}

function importsOf(file: string, texts: Map<string, string>): string[] {
  const { imports } = readModule(file, texts.get(file) ?? "")
  const isTypes = file.endsWith(".d.ts")
  return imports
    .map(({ from }) => (isTypes ? from.replace(/\.js$/, ".d.ts") : from))
    .map((from) => posix.normalize(from))
}
