import { execFileSync } from "node:child_process"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as tsMorph from "ts-morph"
import { onTestFinished } from "vitest"
import { planLuciaMigration } from "../../src/cli/migrate-lucia.ts"
import { run } from "../../src/cli/run.ts"
import { temporaryFolder } from "../package/tarball.ts"

/** Files by their paths. */
export type Files = Record<string, string>

/** What a migration makes of some files. */
export interface Migrated {
  /** The files that change, with their new texts. */
  files: Files
  /** `path:line reason` of each. */
  leftovers: string[]
  notes: string[]
}

/** The `auth` file of most cases, and what becomes of it. */
export const authFile = `import { Lucia } from "lucia"
import { adapter } from "./adapter"

export const lucia = new Lucia(adapter, { getUserAttributes: ({ username }) => ({ username }) })
`

/** Writes files into a folder of their own, for as long as the test takes. */
export async function createFolder(files: Files): Promise<string> {
  const { path, remove } = await temporaryFolder()
  onTestFinished(remove)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), text)
  }
  return path
}

/** The same, committed to a Git repository: the command writes over nothing else. */
export async function createRepository(files: Files): Promise<string> {
  const folder = await createFolder(files)
  git(folder, "init", "--quiet")
  git(folder, "add", ".")
  git(folder, "commit", "--quiet", "--allow-empty", "--message", "all")
  return folder
}

/** Runs git in a folder, as somebody who is no setting of this machine. */
export function git(folder: string, ...args: string[]): string {
  return execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], { cwd: folder, encoding: "utf8" })
}

/** Migrates files without writing. */
export async function migrate(files: Files): Promise<Migrated> {
  const { files: changed, leftovers, notes } = planLuciaMigration(await createFolder(files), tsMorph, "1.2.3")
  return {
    files: Object.fromEntries(changed.map(({ path, after }) => [path, after])),
    leftovers: leftovers.map(({ file, line, reason }) => `${file}:${line} ${reason}`),
    notes,
  }
}

/** Migrates code that uses `lucia` of {@link authFile}. Resolves to the code, without its import, and what is left in it. */
export async function migrateUse(code: string): Promise<{ code: string; left: string[] }> {
  const before = `import { lucia } from "./auth"\n${code}`
  const { files, leftovers } = await migrate({ "auth.ts": authFile, "use.ts": before })
  const after = (files["use.ts"] ?? before).split("\n").slice(1).join("\n")
  return { code: after, left: leftovers.filter((each) => each.startsWith("use.ts")) }
}

/** Runs the command in a folder, without a terminal to ask. Resolves to its exit code and output. */
export async function runCommand(folder: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const lines: string[] = []
  const print = (text: string) => void lines.push(text)
  const code = await run(args, { directory: folder, version: "1.2.3", print, printError: print, ask: null })
  return { code, output: lines.join("\n") }
}

/** Reads files back. */
export async function readBack(folder: string, names: string[]): Promise<Files> {
  const texts = names.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const)
  return Object.fromEntries(await Promise.all(texts))
}
