import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { build } from "esbuild"
import { describe, expect, test } from "vitest"
import { commands } from "../../src/cli/commands.ts"
import { createFolder, runCommand } from "./migrated-text.ts"

describe("nightlatch", () => {
  test.each(["--help", "-h"])("%s lists every command", async (option) => {
    const { code, output } = await runCommand(".", option)
    expect(code).toBe(0)
    expect(output).toMatch(/^Usage: nightlatch <command>/)
    for (const { name, summary } of commands) expect(output).toContain(`\n  ${name.padEnd(8)} ${summary}\n`)
  })

  test.each(commands.map(({ name }) => name))("%s --help shows how to call it", async (name) => {
    const { code, output } = await runCommand(".", name, "--help")
    expect([code, output]).toEqual([0, expect.stringMatching(new RegExp(`^Usage: nightlatch ${name}\\b`))])
    expect(await runCommand(".", name, "more", "-h")).toEqual({ code, output })
  })

  test.each(["--version", "-v"])("%s prints the version", async (option) => {
    expect(await runCommand(".", option)).toEqual({ code: 0, output: "1.2.3" })
  })

  test.each([
    [[], "Name a command."],
    [["migrat"], 'Unknown command "migrat": did you mean "migrate"?'],
    [["xyz"], `Unknown command "xyz": use ${commands.map(({ name }) => name).join(", ")}`],
    [["--verbose"], 'Unknown command "--verbose": '],
    [["constructor"], 'Unknown command "constructor": '],
  ])("%s is refused, with what was probably meant", async (args, reason) => {
    const { code, output } = await runCommand(".", ...args)
    expect(code).toBe(2)
    expect(output).toContain(reason)
    expect(output).toContain("Usage: nightlatch <command>")
  })
})

test("as a program it prints mistakes on standard error", async () => {
  const folder = await createFolder({ "package.json": `{ "version": "1.2.3", "type": "module" }` })
  const program = join(folder, "dist/cli.js")
  await build({ entryPoints: ["src/cli.ts"], bundle: true, platform: "node", format: "esm", outfile: program })
  const start = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: "utf8" })
  expect(start("--version")).toMatchObject({ status: 0, stdout: "1.2.3\n", stderr: "" })
  expect(start("nothing")).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("Unknown command") })
})
