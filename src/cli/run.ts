import { execFileSync } from "node:child_process"
import { existsSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { diffLines } from "./line-diff.ts"
import { loadTsMorph } from "./load-ts-morph.ts"
import { planLuciaMigration } from "./migrate-lucia.ts"
import type { Migration } from "./migrate-lucia.ts"

const usage = `Usage: nightlatch migrate lucia [folder] [--write]

Rewrites an application on Lucia v3 for createAuth() of nightlatch, and one on Lucia v2 for its drop-in.
Without --write it shows what would change, and writes nothing.`

/** Runs the command, and returns the exit code: 0, or 1 when it could not do what it was asked for. */
export function run(args: string[], directory: string, version: string, write: (text: string) => void): 0 | 1 {
  const print = (text: string) => write(withoutControls(text))
  const asked = readArguments(args)
  if (asked === "help") print(usage)
  if (asked === "help") return 0
  if (typeof asked === "string") {
    print(`${asked}\n\n${usage}`)
    return 1
  }
  const folder = resolve(directory, asked.folder)
  if (!existsSync(folder)) {
    print(`There is no folder ${asked.folder}.`)
    return 1
  }
  const tsMorph = loadTsMorph(folder)
  if (!tsMorph) {
    print("This needs ts-morph, which is not installed:\n\n  npm install --save-dev ts-morph")
    return 1
  }
  if (Number.parseInt(tsMorph.ts.version) < 5) {
    print(
      `This needs ts-morph 20 or later, and finds one of TypeScript ${tsMorph.ts.version}:\n\n  npm install --save-dev ts-morph@latest`,
    )
    return 1
  }
  const migration = planLuciaMigration(folder, tsMorph, version)
  return asked.write ? writeFiles(migration, folder, print) : show(migration, print)
}

interface Arguments {
  folder: string
  write: boolean
}

// Returns what is wrong where they are not understood.
function readArguments(args: string[]): Arguments | string {
  try {
    const options = { write: { type: "boolean", default: false }, help: { type: "boolean", short: "h" } } as const
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    if (values.help) return "help"
    const [command, from, folder = ".", ...more] = positionals
    if (command !== "migrate" || from !== "lucia") return "The command is `migrate lucia`."
    return more.length === 0 ? { folder, write: values.write } : "One folder can be named."
  } catch (error) {
    // The first sentence names the option.
    return `${(error as Error).message.split(". ")[0]}.`
  }
}

function show(migration: Migration, print: (text: string) => void): 0 {
  for (const { path, before, after } of migration.files)
    print(`--- ${nameOf(path)}\n+++ ${nameOf(path)}\n${diffLines(before, after)}`)
  report(migration, print)
  if (migration.files.length > 0) print(`${count(migration)} would change. Nothing was written: --write does.`)
  return 0
}

function writeFiles(migration: Migration, folder: string, print: (text: string) => void): 0 | 1 {
  const paths = migration.files.map(({ path }) => path)
  const obstacle = paths.length > 0 ? obstacleTo(paths, folder) : null
  if (obstacle) {
    print(`${obstacle}\n\nNothing was written.`)
    return 1
  }
  for (const { path, after } of migration.files) writeFileSync(join(folder, path), after)
  for (const path of paths) print(`changed ${nameOf(path)}`)
  report(migration, print)
  const install = paths.includes("package.json") ? "Install what package.json names now, and let" : "Let"
  if (paths.length > 0) print(`${count(migration)} changed. ${install} TypeScript check.`)
  return 0
}

// Why git could not undo what would be written.
function obstacleTo(paths: string[], folder: string): string | null {
  try {
    const args = ["--no-optional-locks", "status", "--porcelain", "--ignored", "-z", "--", ...paths]
    const status = execFileSync("git", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
    const uncommitted = status.split("\0").filter(Boolean).map(nameOf)
    return uncommitted.length > 0
      ? `Commit these first, so that git shows what is changed and can undo it.\n\n${uncommitted.join("\n")}`
      : null
  } catch (error) {
    return `Git does not say what is uncommitted here: ${reasonOf(error)}\nCommit the application to a Git repository first, so that git shows what is changed and can undo it.`
  }
}

function reasonOf(error: unknown): string {
  const { stderr, code } = error as { stderr?: string; code?: string }
  return code === "ENOENT" ? "there is no git command." : (stderr?.trim().split("\n")[0] ?? String(error))
}

// A file may be called anything, and a terminal obeys what it is sent.
function nameOf(path: string): string {
  return path.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
}

function withoutControls(text: string): string {
  return text.replaceAll(/(?![\t\n])[\p{Cc}]/gu, (control) => (control === "\r" ? "" : escaped(control)))
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`
}

function report({ files, leftovers, notes }: Migration, print: (text: string) => void): void {
  if (leftovers.length > 0)
    print(
      `Left for you:\n${leftovers.map(({ file, line, reason }) => `  ${nameOf(file)}:${line}  ${reason}`).join("\n")}\n`,
    )
  if (files.length === 0) print(leftovers.length > 0 ? "Nothing was changed." : "Nothing to change.")
  else for (const note of notes) print(`${note}\n`)
}

function count({ files }: Migration): string {
  return files.length === 1 ? "1 file" : `${files.length} files`
}
