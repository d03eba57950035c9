import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { npm, packInto, temporaryFolder } from "../../package/tarball.ts"

const run = promisify(execFile)

/** A folder with the packages of several projects, which lie in folders of it. */
export interface Workshop {
  folder: string
  /** Writes a project into a new folder. */
  createProject(name: string, files: Record<string, string>): Promise<string>
  remove(): Promise<void>
}

/** Installs the packed package with others. */
export async function openWorkshop(packages: string[]): Promise<Workshop> {
  const { path: folder, remove } = await temporaryFolder()
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }))
  await npm(folder, "install", "--prefer-offline", (await packInto(folder)).path, ...packages)
  async function createProject(name: string, files: Record<string, string>): Promise<string> {
    const project = join(folder, name)
    await writeAll(project, files)
    return project
  }
  return { folder, createProject, remove }
}

/** Runs `nightlatch init --yes` in a project, and adds the lines that it asks for. Resolves to what it printed. */
export async function initProject(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await nightlatch(folder, "init", "--yes", ...args)
  const [, file, load, use] = /^\d\. In (\S+), add these lines before your own routes:\n\n {2}(.+)\n {2}(.+)$/m
    .exec(stdout)!
    .map(String)
  const path = join(folder, file!)
  const text = await readFile(path, "utf8")
  // The import goes on top, the other line below the application.
  await writeFile(path, `${load}\n${text.replace(/^((?:const|let) \w+ = (?:new Hono|express)\(.*\))$/m, `$1\n${use}`)}`)
  return stdout
}

/** Runs the command of the packed package, which is installed in a folder or above it. */
export function nightlatch(folder: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const programs = [folder, dirname(folder)].map((each) => join(each, "node_modules/nightlatch/dist/cli.js"))
  return run(process.execPath, [programs.find(existsSync)!, ...args], { cwd: folder, maxBuffer: 1e8 })
}

async function writeAll(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}
