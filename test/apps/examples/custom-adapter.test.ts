import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

test("the custom adapter passes every case under node --test", () => {
  const cwd = fileURLToPath(new URL("../../../examples/custom-adapter", import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", "adapter.test.ts"], {
    cwd,
    encoding: "utf8",
  })
  expect(status, stdout + stderr).toBe(0)
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(20)
})
