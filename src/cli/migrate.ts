import { execFileSync } from "node:child_process"
import { existsSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { oneOf, readArguments } from "./arguments.ts"
import { UsageError } from "./command.ts"
import type { Command } from "./command.ts"
import { diffLines } from "./line-diff.ts"
import { loadTsMorph } from "./load-ts-morph.ts"
import type { TsMorph } from "./load-ts-morph.ts"
import { planLuciaMigration } from "./migrate-lucia.ts"
import type { Migration } from "./migrate-lucia.ts"
import { nameOf } from "./printable.ts"

const usage = `Usage: nightlatch migrate lucia [folder] [--write]

Rewrites an application on Lucia v3 for createAuth() of nightlatch, and one on Lucia v2 for its drop-in.
Without --write it shows what would change, and writes nothing.`

/** `nightlatch migrate lucia`. */
export const migrate: Command = {
  name: "migrate",
  summary: "Move an application from Lucia to nightlatch",
  usage,
  run(args, { directory, version, print }) {
    const asked = readFolder(args)
    const folder = resolve(directory, asked.folder)
    const tsMorph = existsSync(folder) ? usableTsMorph(folder) : `There is no folder ${asked.folder}.`
    if (typeof tsMorph === "string") {
      print(tsMorph)
      return 1
    }
    const migration = planLuciaMigration(folder, tsMorph, version)
    return asked.write ? writeFiles(migration, folder, print) : show(migration, print)
  },
}

function readFolder(args: string[]): { folder: string; write: boolean } {
  const { values, positionals } = readArguments(args, { write: { type: "boolean", default: false } })
  const [from, folder = ".", ...more] = positionals
  if (from === undefined) throw new UsageError("Name what to migrate from: nightlatch migrate lucia")
  oneOf("library to migrate from", from, ["lucia"])
  if (more.length > 0) throw new UsageError("Name one folder only.")
  return { folder, write: values.write }
}

// Returns ts-morph, or what to install if there is no usable one.
function usableTsMorph(folder: string): TsMorph | string {
  const found = loadTsMorph(folder)
  if (!found) return "This needs ts-morph, which is not installed:\n\n  npm install --save-dev ts-morph"
  if (Number.parseInt(found.ts.version) >= 5) return found
  return `This needs ts-morph 20 or later, and finds one of TypeScript ${found.ts.version}:\n\n  npm install --save-dev ts-morph@latest`
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

// Returns why git could not undo the changes; `null` if it can.
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
