import { execFileSync } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { expect, test } from "vitest"

test.each([
  ["named", "with the global namespace, as nightlatch/lucia-v2"],
  ["aliased", "with the global namespace, as lucia"],
  ["undeclared", "without it, over a published adapter and one of this package"],
])("types are right %s: %s", (folder) => {
  const config = `types/tsconfig.${folder}.json`
  writeFileSync(
    config,
    JSON.stringify({ extends: "./tsconfig.json", include: [folder, "../../../../src/next/lib/modules.d.ts"] }),
  )
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
