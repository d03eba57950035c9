import { existsSync, statSync } from "node:fs"
import { createRequire } from "node:module"
import { resolve } from "node:path"
import { readArguments } from "./arguments.ts"
import { UsageError } from "./command.ts"
import type { Command, ExitCode, Terminal } from "./command.ts"
import { examine } from "./doctor/examine.ts"
import { usesNightlatch } from "./doctor/project.ts"
import { readProject } from "./doctor/read-project.ts"
import { reportOf, textOf } from "./doctor/report.ts"

const usage = `Usage: nightlatch doctor [folder] [--json]

Reads the project in a folder, by default the current one, and reports mistakes in how it uses nightlatch: each with
its file, its line and what to do. It reads files only: no code runs and nothing is sent.

Options:
  --json  Print the report as JSON

A comment in the line above silences a rule for one line: // nightlatch-doctor-ignore <rule>: <reason>
Exit codes: 0 no error and no warning, 1 some, 2 wrong arguments or a folder that does not use nightlatch.`

/** `nightlatch doctor`: finds mistakes in how a project uses this package. */
export const doctor: Command = {
  name: "doctor",
  summary: "Find mistakes in a project that uses nightlatch",
  usage,
  run,
}

function run(args: string[], { directory, print, printError }: Terminal): ExitCode {
  const { values, positionals } = readArguments(args, { json: { type: "boolean" } })
  const [folder = ".", ...more] = positionals
  if (more.length > 0) throw new UsageError("One folder can be named.")
  const path = resolve(directory, folder)
  if (!existsSync(path) || !statSync(path).isDirectory()) throw new UsageError(`There is no folder ${folder}.`)
  const project = readProject(path, requiredNode())
  if (!usesNightlatch(project)) {
    printError(
      `No code in ${folder} imports nightlatch, and no package.json lists it. Name the folder of your project.`,
    )
    return 2
  }
  const report = reportOf(examine(project), project.sources.length)
  print(values.json ? JSON.stringify(report, null, 2) : textOf(report))
  return report.counts.error + report.counts.warning > 0 ? 1 : 0
}

function requiredNode(): string {
  const manifest = createRequire(import.meta.url)("nightlatch/package.json") as { engines: { node: string } }
  return manifest.engines.node
}
