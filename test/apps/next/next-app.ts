import { execFile, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { promisify } from "node:util"
import { npm, packed, packInto, root, temporaryFolder } from "../../package/tarball.ts"
import { madeOnce } from "../../shared-folder.ts"
import { stopper } from "../running-app.ts"
import type { RunningApp } from "../running-app.ts"

/** A Next.js application, built with the packed package in a separate folder. */
export interface BuiltApp {
  folder: string
  /** What `next build` printed. */
  buildOutput: string
  /** Serves the application on a free port. */
  start(env?: Record<string, string>): Promise<RunningApp>
  remove(): Promise<void>
}

/** What {@link buildApp} may be told. */
export interface BuildOptions {
  /** The major version of Next.js. Default: the one that the application names. */
  next?: 14 | 15 | 16
  /** Files to add or replace, by path; `null` removes one. */
  files?: Record<string, string | null>
}

const run = promisify(execFile)

// The last of each line, with the React and the TypeScript that it was made for.
const olderVersions: Record<number, Record<string, string>> = {
  14: {
    next: "14.2.35",
    react: "18.3.1",
    "react-dom": "18.3.1",
    "@types/react": "18.3.31",
    "@types/react-dom": "18.3.7",
    typescript: "5.9.3",
  },
  15: { next: "15.5.29", react: "19.3.1", "react-dom": "19.3.1", typescript: "5.9.3" },
}

/** Copies an application, installs the packed package and Next.js, and builds it. Throws with the output when it does not build. */
export async function buildApp(source: string, options: BuildOptions = {}): Promise<BuiltApp> {
  const { path: folder, remove } = await temporaryFolder()
  try {
    const buildOutput = await buildIn(folder, source, options)
    return { folder, buildOutput, start: (env) => start(folder, env), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Builds as {@link buildApp}, once for all test files of a run that ask for the same. They must leave the folder as it is. */
export async function buildAppOnce(source: string, options: BuildOptions = {}): Promise<BuiltApp> {
  const shared = await madeOnce(`built-${hashOf({ source, options })}`, async (into) => {
    await writeFile(join(into, "output"), await buildIn(join(into, "app"), source, options))
  })
  const folder = join(shared, "app")
  const buildOutput = await readFile(join(shared, "output"), "utf8")
  return { folder, buildOutput, start: (env) => start(folder, env), remove: async () => undefined }
}

async function buildIn(folder: string, source: string, { next, files = {} }: BuildOptions): Promise<string> {
  await cp(join(root, source), folder, { recursive: true, filter: isSource })
  await change(folder, files)
  await pinVersions(folder, olderVersions[next ?? 16])
  await install(folder)
  return build(folder)
}

/** What {@link createNextApp} adds to the application. */
export interface Additions {
  /** Files to add or replace, given the folder as `create-next-app` leaves it. */
  files(folder: string): Promise<Record<string, string>>
  /** Packages to install next to ours, as a user would. */
  dependencies: string[]
  devDependencies: string[]
  /** What else a user does before the build, when all is installed. */
  prepare?(folder: string): Promise<unknown>
  /** More answers to `create-next-app`. */
  answers?: string[]
  /** The path of the Node.js in the folder that builds and serves. Default: the one that runs the tests. */
  node?: string
}

/** Builds the application that `create-next-app` makes today by its defaults, with additions. Throws as {@link buildApp}. */
export async function createNextApp(additions: Additions): Promise<BuiltApp> {
  const { files, dependencies, devDependencies, prepare, answers = [] } = additions
  const { path, remove } = await temporaryFolder()
  const folder = join(path, "app")
  try {
    // It remembers a developer's answers in the configuration folder.
    const env = { ...environment(), XDG_CONFIG_HOME: path }
    const quick = ["app", "--yes", "--skip-install", "--disable-git", "--use-npm"]
    await run("npx", ["--yes", "create-next-app@16", ...quick, ...answers], { cwd: path, env })
    await change(folder, await files(folder))
    await npm(folder, "install", "--prefer-offline", (await packInto(path)).path, ...dependencies)
    await npm(folder, "install", "--prefer-offline", "--save-dev", ...devDependencies)
    await prepare?.(folder)
    const node = additions.node && join(folder, additions.node)
    const buildOutput = await build(folder, node)
    return { folder, buildOutput, start: (env) => start(folder, env, node), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** The layout of `create-next-app` without its Google font, which the build would fetch from the internet. */
export function withoutFont(layout: string): string {
  const plain = layout
    .replace(/^import .* from "next\/font\/google";\n/m, "")
    .replace(/^const geist\w+ = Geist\w*\(\{.*?^\}\);\n/gms, "")
    .replaceAll(/\$\{geist\w+\.variable\} /g, "")
  if (/geist|font\/google/i.test(plain)) throw new Error("The layout of create-next-app has another font now.")
  return plain
}

/** Lints a built application by the project's rules, against the types of the Next.js that it has. `""` if all is well. */
export async function lintApp(folder: string): Promise<string> {
  const rules = await readFile(join(root, ".oxlintrc.json"), "utf8")
  const config = join(folder, ".oxlintrc.json")
  await writeFile(config, rules.replace(/"ignorePatterns": \[[^\]]*\],/, ignored).replace(`"examples/**"`, `"**"`))
  const program = join(root, "node_modules/oxlint/bin/oxlint")
  const args = [program, "--type-aware", "--deny-warnings", "--tsconfig", "tsconfig.json", "-c", config, "."]
  const env = { ...environment(), OXLINT_TSGOLINT_PATH: join(root, "node_modules/.bin/tsgolint") }
  return run(process.execPath, args, { cwd: folder, env }).then(() => "", outputOf)
}

const ignored = `"ignorePatterns": ["node_modules", ".next", "next-env.d.ts"],`

function isSource(path: string): boolean {
  return !/^(node_modules|\.next|next-env\.d\.ts|package-lock\.json|.*\.db(-.*)?|.*\.tsbuildinfo)$/.test(basename(path))
}

async function change(folder: string, files: Record<string, string | null>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await (text === null ? rm(path, { recursive: true, force: true }) : writeFile(path, text))
  }
}

interface PackageJson {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

async function pinVersions(folder: string, versions: Record<string, string> = {}): Promise<void> {
  const path = join(folder, "package.json")
  const { dependencies, devDependencies, ...rest } = JSON.parse(await readFile(path, "utf8")) as PackageJson
  const pins = { ...versions, nightlatch: `file:${(await packed()).path}` }
  const pinned = { ...rest, dependencies: pin(dependencies, pins), devDependencies: pin(devDependencies, pins) }
  await writeFile(path, JSON.stringify(pinned))
}

function pin(ranges: Record<string, string>, pins: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, pins[name] ?? range]))
}

// Applications with the same dependencies have the same files, by hard links: an installation takes longer than a build.
async function install(folder: string): Promise<void> {
  const text = await readFile(join(folder, "package.json"), "utf8")
  const { dependencies, devDependencies, overrides, allowScripts } = JSON.parse(text) as Record<string, object>
  const wanted = { private: true, dependencies, devDependencies, overrides, allowScripts }
  const shared = await madeOnce(`installed-${hashOf(wanted)}`, async (into) => {
    await writeFile(join(into, "package.json"), JSON.stringify(wanted))
    await npm(into, "install", "--no-package-lock", "--prefer-offline")
  })
  const from = join(shared, "node_modules")
  await run("cp", ["-al", from, folder]).catch(() => cp(from, join(folder, "node_modules"), { recursive: true }))
}

function hashOf(value: object): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16)
}

async function build(folder: string, node = process.execPath): Promise<string> {
  const args = [nextProgram(folder), "build"]
  const printed = await run(node, args, { cwd: folder, env: environment(), maxBuffer: 1e8 }).catch((error: unknown) => {
    throw new Error(`The application does not build:\n${outputOf(error)}`)
  })
  return outputOf(printed)
}

function nextProgram(folder: string): string {
  return join(folder, "node_modules/next/dist/bin/next")
}

function outputOf(result: unknown): string {
  const { stdout, stderr } = result as { stdout: string; stderr: string }
  return stdout + stderr
}

// Without what the test runner and npm tell their children: Next.js must believe that it runs for users.
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(NODE_ENV|NODE_OPTIONS|TEST|VITE.*|npm_.*)$/.test(name),
  )
  return {
    ...(Object.fromEntries(entries) as NodeJS.ProcessEnv),
    NEXT_TELEMETRY_DISABLED: "1",
    NEXT_IGNORE_INCORRECT_LOCKFILE: "1",
  }
}

async function start(folder: string, env: Record<string, string> = {}, node = process.execPath): Promise<RunningApp> {
  const child = spawn(node, [nextProgram(folder), "start", "-p", env.PORT ?? "0"], {
    cwd: folder,
    env: { ...environment(), ...env },
    detached: true,
  })
  const stop = stopper(child)
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => void (output += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()))
  const origin = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", () => {
      const address = /Local: +(http:\/\/localhost:\d+)/.exec(output)?.[1]
      if (address && output.includes("Ready in")) resolve(address)
    })
    child.once("exit", (code) => reject(new Error(`The application ended with ${code} before it listened:\n${output}`)))
  })
  return { origin, output: () => output, stop }
}
