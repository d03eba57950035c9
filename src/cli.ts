#!/usr/bin/env node
import { readFileSync } from "node:fs"
import { run } from "./cli/run.ts"

// Who reads the output may stop before its end, as `head` does.
process.stdout.on("error", () => process.exit())

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }
process.exitCode = run(
  process.argv.slice(2),
  process.cwd(),
  manifest.version,
  (text) => void process.stdout.write(`${text}\n`),
)
