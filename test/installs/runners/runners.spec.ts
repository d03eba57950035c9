import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"

const run = promisify(execFile)
const folder = import.meta.dirname
const jest = ["--experimental-vm-modules", "node_modules/jest/bin/jest.js"]
const vitest = [join(folder, "../../../node_modules/vitest/vitest.mjs"), "run", "--config", "vitest.realms.config.ts"]

test.each([
  { name: "Jest", args: jest },
  { name: "Vitest's vmThreads", args: [...vitest, "--pool=vmThreads"] },
  { name: "Vitest's vmForks", args: [...vitest, "--pool=vmForks"] },
])("an application is tested in another realm, by $name", async ({ args }) => {
  const env = { ...process.env, VITEST: undefined, NODE_OPTIONS: undefined, NO_COLOR: "1" }
  const { stdout, stderr } = await run(process.execPath, args, { cwd: folder, env })
  expect(stdout + stderr).toMatch(/Tests:? +9 passed/)
})
