import { execFileSync } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { expect, test } from "vitest"

test.each([
  ["registered", "as nightlatch/lucia"],
  ["aliased", "as lucia"],
  ["unregistered", "not at all, over a published adapter"],
])("types are right %s: %s", (file) => {
  const config = `types/tsconfig.${file}.json`
  writeFileSync(config, JSON.stringify({ extends: "./tsconfig.json", include: [`${file}.ts`] }))
  try {
    expect(compile(config)).toBe("")
  } finally {
    rmSync(config)
  }
})

function compile(config) {
  try {
    return execFileSync("../../../node_modules/.bin/tsc", ["-p", config], { encoding: "utf8" })
  } catch (error) {
    return error.stdout
  }
}
