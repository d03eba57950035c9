import { execFile } from "node:child_process"
import { copyFile, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { madeOnce } from "../shared-folder.ts"

/** The folder of this project. */
export const root = fileURLToPath(new URL("../../", import.meta.url))

const run = promisify(execFile)

/** The package as npm would publish it, from the `dist` that is there. */
export interface Tarball {
  /** Where the archive lies. */
  path: string
  /** The paths inside the package. */
  files: string[]
}

/** Makes an empty folder, away from the project, for as long as `use` takes. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "nightlatch-")))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Puts the packed package into a folder. Throws if there is no `dist`. */
export async function packInto(folder: string): Promise<Tarball> {
  const { path, files } = await packed()
  const copy = join(folder, basename(path))
  await copyFile(path, copy)
  return { path: copy, files }
}

/** The package, packed once for all test files of a run, in a place that stays. */
export async function packed(): Promise<Tarball> {
  const report = "report.json"
  const folder = await madeOnce("packed", async (into) => {
    await writeFile(join(into, report), JSON.stringify(await pack(into)))
  })
  return JSON.parse(await readFile(join(folder, report), "utf8")) as Tarball
}

async function pack(folder: string): Promise<Tarball> {
  const report: unknown = JSON.parse(
    await npm(root, "pack", "--json", "--ignore-scripts", "--pack-destination", folder),
  )
  const first = firstPack(report)
  const files = first.files.map(({ path }) => path)
  if (!files.includes("dist/index.js")) throw new Error("There is no dist to pack: run npm run build first.")
  return { path: join(folder, first.filename), files }
}

/** Runs npm in a folder and resolves to what it prints. */
export async function npm(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await run("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    env: outsideWorkspaces(),
    maxBuffer: 1e8,
  })
  return stdout
}

interface Pack {
  filename: string
  files: { path: string }[]
}

// npm 11 answers with a list, later ones with an object by package name.
function firstPack(report: unknown): Pack {
  const [pack] = Object.values(report as Record<string, Pack>)
  if (!pack) throw new Error("npm pack reported nothing.")
  return pack
}

// `npm test` tells its children where its own project is; an npm run elsewhere must not believe it.
function outsideWorkspaces(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env)
  return Object.fromEntries(
    entries.filter(([name]) => !/^npm_(?!config_(cache|registry|userconfig|globalconfig)$)/i.test(name)),
  )
}
