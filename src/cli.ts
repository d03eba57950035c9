#!/usr/bin/env node
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline/promises"
import { run } from "./cli/run.ts"

// Stop if the reader of the output closes it early, as `head` does.
process.stdout.on("error", () => process.exit())

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }
process.exitCode = await run(process.argv.slice(2), {
  directory: process.cwd(),
  version: manifest.version,
  print: (text) => void process.stdout.write(`${text}\n`),
  printError: (text) => void process.stderr.write(`${text}\n`),
  ask: process.stdin.isTTY && process.stdout.isTTY ? ask : null,
})

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    // Rejects after Ctrl-C and Ctrl-D, which are no answer.
    return await terminal.question(question).catch(() => "")
  } finally {
    terminal.close()
  }
}
