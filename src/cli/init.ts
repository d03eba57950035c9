import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { oneOf, readArguments } from "./arguments.ts"
import { UsageError } from "./command.ts"
import type { Command, ExitCode, Terminal } from "./command.ts"
import { databases } from "./init/databases.ts"
import { detectProject, frameworks } from "./init/detect.ts"
import type { Choices } from "./init/detect.ts"
import { planFor } from "./init/plan.ts"
import type { Plan } from "./init/plan.ts"
import type { PlannedFile } from "./init/planned-file.ts"
import { UnsupportedProject } from "./init/read-config.ts"
import { nameOf } from "./printable.ts"

const databaseNames = databases.map(({ name }) => name)

const usage = `Usage: nightlatch init [folder] [options]

Adds sign-up, sign-in, a protected page and sign-out to an application of Next.js (App Router), Hono or Express. It shows
the files that it would create, and asks. It never changes a file that exists, and installs nothing.

Options:
  --framework <name>  ${frameworks.join(", ")}. Default: the one in package.json
  --database <name>   ${databaseNames.join(", ")}.
                      Default: the one in package.json, otherwise node:sqlite
  --yes               Create the files without asking
  --dry-run           Show the files, and create none`

/** `nightlatch init`. */
export const init: Command = {
  name: "init",
  summary: "Add sign-in to an application of Next.js, Hono or Express",
  usage,
  async run(args, terminal) {
    const { folder, choices, yes, dryRun } = readChoices(args)
    try {
      const project = detectProject(resolve(terminal.directory, folder), choices, process.versions.node)
      terminal.print(`Found: ${[project.framework, project.database.title, languageOf(project.style)].join(", ")}.\n`)
      const plan = planFor(project)
      showFiles(plan, terminal)
      return await create(plan, project.folder, { yes, dryRun }, terminal)
    } catch (error) {
      if (!(error instanceof UnsupportedProject)) throw error
      terminal.printError(error.message)
      return 1
    }
  },
}

function readChoices(args: string[]): { folder: string; choices: Choices; yes: boolean; dryRun: boolean } {
  const [text, flag] = [{ type: "string" }, { type: "boolean", default: false }] as const
  const { values, positionals } = readArguments(args, { framework: text, database: text, yes: flag, "dry-run": flag })
  const [folder = ".", ...more] = positionals
  if (more.length > 0) throw new UsageError("Name one folder only.")
  const { framework, database, yes, "dry-run": dryRun } = values
  const choices = {
    framework: framework === undefined ? undefined : oneOf("framework", framework, frameworks),
    database: database === undefined ? undefined : oneOf("database", database, databaseNames),
  }
  return { folder, choices, yes, dryRun }
}

function languageOf({ typescript, commonJs }: { typescript: boolean; commonJs: boolean }): string {
  if (typescript) return "TypeScript"
  return commonJs ? "JavaScript with require" : "JavaScript"
}

function showFiles({ files, kept }: Plan, { print }: Terminal): void {
  for (const { path, text } of files) print(`--- /dev/null\n+++ ${nameOf(path)}\n${diffOfNew(text)}`)
  for (const { path, text } of kept)
    print(
      `${nameOf(path)} exists and is left as it is. Add these lines yourself:\n\n${text.replaceAll(/^(?=.)/gm, "  ")}`,
    )
}

function diffOfNew(text: string): string {
  const lines = text.replace(/\n$/, "").split("\n")
  return `@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}\n`).join("")}`
}

async function create(
  plan: Plan,
  folder: string,
  { yes, dryRun }: { yes: boolean; dryRun: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const { print, printError, ask } = terminal
  if (plan.files.length === 0) {
    print("There is no file to create.\n")
    showSteps(plan, terminal)
    return 0
  }
  if (dryRun) {
    showSteps(plan, terminal)
    print(`${countOf(plan.files)} would be created. Nothing was written: --dry-run.`)
    return 0
  }
  if (!yes && !ask) {
    showSteps(plan, terminal)
    printError("Nothing was written, because nobody can be asked here. Run it again with --yes to create the files.")
    return 2
  }
  if (!yes && !/^y(es)?$/i.test((await ask!(`Create ${countOf(plan.files)}? [y/N] `)).trim())) {
    print("Nothing was written.")
    return 0
  }
  return write(plan, folder, terminal)
}

function write(plan: Plan, folder: string, terminal: Terminal): ExitCode {
  for (const { path, text } of plan.files) {
    try {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      // Fails if something else has created the file in the meantime.
      writeFileSync(join(folder, path), text, { flag: "wx" })
    } catch (error) {
      terminal.printError(`${nameOf(path)} could not be created: ${(error as Error).message}`)
      return 1
    }
    terminal.print(`created ${nameOf(path)}`)
  }
  terminal.print("")
  showSteps(plan, terminal)
  return 0
}

function showSteps({ steps }: Plan, { print }: Terminal): void {
  print(`Next steps:\n\n${steps.map((step, at) => `${at + 1}. ${step}\n`).join("\n")}`)
}

function countOf(files: PlannedFile[]): string {
  return files.length === 1 ? "1 file" : `${files.length} files`
}
