import { execFile } from "node:child_process"
import { access, cp, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"

import manifest from "../../package.json" with { type: "json" }
import { leaveOut } from "../machine.ts"
import { npm, packInto, root, temporaryFolder } from "./tarball.ts"

const run = promisify(execFile)
const released: Record<string, string> = { 20: "20.20.2", 22: "22.23.3", 24: "24.21.0" }
const strictest = {
  target: "ES2022",
  lib: ["ES2023", "DOM", "DOM.Iterable"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  skipLibCheck: false,
  noEmit: true,
}

// What applications have when they meet this package, in versions that are older and newer than those it is tested with.
const neighbours: Record<string, Record<string, string>> = {
  "what Lucia v3's applications have": {
    lucia: "3",
    "@lucia-auth/adapter-prisma": "4",
    "@lucia-auth/adapter-drizzle": "1",
    "@prisma/client": "5",
    "drizzle-orm": "0.33",
    "@node-rs/argon2": "1",
    "@libsql/client": "0.4",
    next: "13.5",
    react: "18.2",
    "react-dom": "18.2",
    redis: "4",
  },
  "what Lucia v2's applications have": {
    lucia: "2",
    "@lucia-auth/adapter-sqlite": "2",
    "@lucia-auth/adapter-session-redis": "2",
    "better-sqlite3": "9",
    "drizzle-orm": "0.29",
    redis: "4",
    kysely: "0.26",
    mysql2: "2",
    pg: "8.7",
    "ts-morph": "20",
  },
  "other versions of what it knows": {
    "@prisma/client": "6",
    "better-sqlite3": "8",
    ioredis: "4",
    postgres: "3.3",
    unstorage: "1.9",
    "@electric-sql/pglite": "0.2",
    react: "17",
  },
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let tarball: string

beforeAll(async () => {
  folder = await temporaryFolder()
  await writeFile(join(folder.path, "package.json"), JSON.stringify({ private: true, type: "module" }))
  tarball = (await packInto(folder.path)).path
  await npm(folder.path, "install", "--prefer-offline", tarball, "@node-rs/argon2@2.2.1", "@types/node@24.19.2")
  await cp(join(root, "test/package/consumer"), folder.path, { recursive: true })
}, 180_000)

afterAll(() => folder.remove())

test("these tests run on Node 24", () => {
  expect(process.versions.node).toMatch(/^24\./)
})

test.each(Object.keys(released))(
  "the packed package signs users up, in and out on Node %s",
  async (major) => {
    const node = await nodeOf(major)
    if (!node) return
    const { stdout: version } = await run(node, ["--version"])
    expect(version).toMatch(`v${major}.`)
    const { stdout } = await run(node, ["--no-warnings", "--test", "--test-reporter=tap", "flow.mjs"], {
      cwd: folder.path,
      // Set here, the runner would report to ours.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined },
    })
    expect(stdout).toMatch(/^# pass [1-9]\d*$/m)
    expect(stdout).toMatch(/^# fail 0$/m)
  },
  180_000,
)

test.each(["NodeNext", "Bundler"])(
  "its types serve the strictest TypeScript, resolving as %s",
  async (resolution) => {
    const module = resolution === "Bundler" ? "ESNext" : resolution
    const options = { ...strictest, module, moduleResolution: resolution }
    await compile(`${resolution}-types`, { ...options, types: [] }, "types.ts")
    await compile(`${resolution}-node`, { ...options, types: ["node"] }, "node-types.ts")
  },
  60_000,
)

test("its types are found by TypeScript's older module resolution, which knows no exports", async () => {
  const options = { ...strictest, module: "ESNext", moduleResolution: "Node10", ignoreDeprecations: "6.0", types: [] }
  await compile("Node10-types", options, "types.ts")
  const entries = Object.keys(manifest.exports).filter(
    (path) => path !== "./package.json" && !path.startsWith("./next"),
  )
  const imports = entries.map((path) => `import "nightlatch${path.slice(1)}"\n`)
  await writeFile(join(folder.path, "entries.ts"), imports.join(""))
  await compile("Node10-entries", { ...options, skipLibCheck: true, noUncheckedSideEffectImports: true }, "entries.ts")
})

test.each(Object.entries(neighbours))(
  "it installs next to %s",
  async (_, packages) => {
    const app = await mkdtemp(join(folder.path, "app-"))
    await writeFile(join(app, "package.json"), JSON.stringify({ private: true, dependencies: packages }))
    const plan = ["install", "--package-lock-only", "--ignore-scripts", "--prefer-offline"]
    await npm(app, ...plan)
    await npm(app, ...plan, tarball)
    const lock = JSON.parse(await readFile(join(app, "package-lock.json"), "utf8")) as {
      packages: Record<string, object>
    }
    const installed = Object.keys(lock.packages)
    expect(installed).toEqual(
      expect.arrayContaining(["nightlatch", ...Object.keys(packages)].map((name) => `node_modules/${name}`)),
    )
  },
  180_000,
)

test("a mistake against its types is found", async () => {
  await mkdir(join(folder.path, "wrong"), { recursive: true })
  const code = 'import { createAuth } from "nightlatch"\ncreateAuth({ adapter: {} })\n'
  await writeFile(join(folder.path, "wrong/wrong.ts"), code)
  const options = { ...strictest, module: "NodeNext", moduleResolution: "NodeNext", types: [] }
  await expect(compile("wrong", options, "wrong/wrong.ts")).rejects.toThrow("insertSession")
})

async function compile(name: string, compilerOptions: object, file: string): Promise<void> {
  const config = join(folder.path, `tsconfig.${name}.json`)
  await writeFile(config, JSON.stringify({ compilerOptions, files: [file] }))
  try {
    await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config], { cwd: folder.path })
  } catch (error) {
    throw new Error((error as { stdout: string }).stdout, { cause: error })
  }
}

/** Finds a Node of this major version, else installs it; `null` and a line on the console where neither can be. */
async function nodeOf(major: string): Promise<string | null> {
  const here = await installedNode(major)
  if (here) return here
  try {
    const into = join(folder.path, `node${major}`)
    await mkdir(into)
    // From here npm must not look further up for a package to install into.
    await writeFile(join(into, "package.json"), "{}")
    const platform = `node-${process.platform}-${process.arch}`
    await npm(into, "install", "--prefer-offline", `node@npm:${platform}@${released[major]}`)
    return join(into, "node_modules/node/bin/node")
  } catch (error) {
    leaveOut(`the packed package on Node ${major}`, "it is not here and cannot be installed", error)
    return null
  }
}

async function installedNode(major: string): Promise<string | null> {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    const node = join(directory, "node")
    if ((await majorOf(node)) === major) return node
  }
  return null
}

async function majorOf(node: string): Promise<string | null> {
  try {
    await access(node)
    return (await run(node, ["-p", "process.versions.node.split('.')[0]"])).stdout.trim()
  } catch {
    return null
  }
}
