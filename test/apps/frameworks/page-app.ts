import { execFile, spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { npm, packInto, root, temporaryFolder } from "../../package/tarball.ts"
import { stopper } from "../running-app.ts"
import type { RunningApp } from "../running-app.ts"

/** The application of a page of docs/, with the packed package, in a separate folder. */
export interface PageApp {
  folder: string
  /** What the commands of `build` printed. */
  output: string
  /** Serves it on a free port, with `PORT` in its environment. Resolves when it answers. */
  start(env?: Record<string, string>): Promise<RunningApp>
  remove(): Promise<void>
}

/** How the application of a page is made and run. */
export interface PageAppOptions {
  /** The command by which the framework's own generator makes the folder `app`. Default: an empty project of ES modules. */
  create?: string
  /** Files that are there before the page's, by path: what a generator makes that cannot run without the Internet. */
  files?: Record<string, string>
  /** Commands, run one after another in the folder, that check and build it. */
  build: string[]
  /** The command that serves it. `%PORT%` in it is the port. */
  start: string
  /** What a cross-origin form is answered. Default 403. */
  refusal?: number
  /** Whether a form with mistakes redirects to its page, which explains them. Default: the answer explains them. */
  redirectsBack?: boolean
  /** Whether the framework itself answers 500 to JSON where it expects a form. */
  failsOnJson?: boolean
}

const run = promisify(execFile)

/** Makes the application of a page as a reader would: its commands of npm, then its files. Throws with the output if it does not build. */
export async function buildPageApp(page: string, options: PageAppOptions): Promise<PageApp> {
  const { path, remove } = await temporaryFolder()
  const folder = join(path, "app")
  try {
    const text = readFileSync(join(root, "docs", page), "utf8")
    await makeProject(folder, options.create)
    await writeFiles(folder, options.files ?? {})
    await installPackages(folder, text)
    await writeFiles(folder, filesIn(text))
    const printed = []
    for (const command of options.build) printed.push(await runCommand(folder, command))
    return { folder, output: printed.join("\n"), start: (env) => startApp(folder, options.start, env), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** The blocks of a page that name their file, in a comment of their language in the first line or below Astro's fence. */
export function filesIn(text: string): Record<string, string> {
  const blocks = text.matchAll(/^```\w+\n(---\n)?(?:\/\/|#|--|<!--) (\S+\.\w+)(?: -->)?\n(.*?)^```$/gms)
  const files: Record<string, string> = {}
  // A file may be shown in several parts.
  for (const [, fence = "", file = "", code = ""] of blocks) files[file] = (files[file] ?? "") + fence + code
  return files
}

/** The packages that the `npm install` commands of a page name, ours left out. */
export function packagesIn(text: string): { packages: string[]; devPackages: string[] } {
  const commands = [...text.matchAll(/^npm (?:install|i) (.+)$/gm)].map(([, words = ""]) => words.split(/\s+/))
  const isDev = (words: string[]) => words.some((word) => /^(-D|--save-dev)$/.test(word))
  const named = (lists: string[][]) => lists.flat().filter((word) => !/^(-.*|nightlatch)$/.test(word))
  return { packages: named(commands.filter((words) => !isDev(words))), devPackages: named(commands.filter(isDev)) }
}

async function makeProject(folder: string, create?: string): Promise<void> {
  if (create) return void (await runCommand(dirname(folder), create))
  await mkdir(folder)
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
}

async function installPackages(folder: string, text: string): Promise<void> {
  const { packages, devPackages } = packagesIn(text)
  const { path } = await packInto(dirname(folder))
  await npm(folder, "install", "--prefer-offline", "--no-audit", "--no-fund", path, ...packages)
  if (devPackages.length > 0) await npm(folder, "install", "--prefer-offline", "--no-audit", "-D", ...devPackages)
}

async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

async function runCommand(folder: string, command: string): Promise<string> {
  const options = { cwd: folder, env: environment(folder), maxBuffer: 1e8 }
  const running = run("sh", ["-c", command], options)
  // A tool that asks gets no answer, and does not wait for one.
  running.child.stdin?.end()
  const { stdout, stderr } = await running.catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${command} fails:\n${stdout}${stderr}`)
  })
  return stdout + stderr
}

/** Serves an application by a command, in which `%PORT%` is a free port, and waits until it answers. */
export async function startApp(folder: string, command: string, env: Record<string, string> = {}): Promise<RunningApp> {
  const port = await freePort()
  const child = spawn("sh", ["-c", command.replaceAll("%PORT%", String(port))], {
    cwd: folder,
    env: { ...environment(folder), PORT: String(port), ...env },
    detached: true,
  })
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => void (output += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()))
  const stop = stopper(child)
  const origin = `http://localhost:${port}`
  try {
    await answers(origin, child, () => output)
  } catch (error) {
    await stop()
    throw error
  }
  return { origin, output: () => output, stop }
}

async function answers(origin: string, child: ChildProcess, output: () => string): Promise<void> {
  const end = Date.now() + 60_000
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`The application ended with ${child.exitCode}:\n${output()}`)
    const isUp = await fetch(origin, { redirect: "manual" }).then(
      () => true,
      () => false,
    )
    if (isUp) return
    await sleep(100)
  }
  throw new Error(`The application did not answer within a minute:\n${output()}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

// Without what the test runner and npm tell their children: frameworks must believe that they run for users.
function environment(folder: string): NodeJS.ProcessEnv {
  const hidden = /^(NODE_ENV|NODE_OPTIONS|NODE_PATH|TEST|VITE.*|npm_.*)$/
  const entries = Object.entries(process.env).filter(([name]) => !hidden.test(name))
  const bins = [join(folder, "node_modules/.bin"), dirname(process.execPath), process.env.PATH]
  return {
    ...(Object.fromEntries(entries) as NodeJS.ProcessEnv),
    PATH: bins.join(":"),
    DATABASE: join(folder, "visited.db"),
    NEXT_TELEMETRY_DISABLED: "1",
    NUXT_TELEMETRY_DISABLED: "1",
    ASTRO_TELEMETRY_DISABLED: "1",
  }
}
