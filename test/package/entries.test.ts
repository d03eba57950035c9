import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"

import manifest from "../../package.json" with { type: "json" }
import { root } from "./tarball.ts"

const reference = readFileSync(join(root, "docs/reference/index.md"), "utf8")

test("the tables of docs/reference name each export of the package, and nothing else", () => {
  const named = [...reference.matchAll(/^\| `(nightlatch[^`]*)`/gm)].map(([, name = ""]) => name)
  const exported = Object.keys(manifest.exports).filter((path) => path !== "./package.json")
  expect(named.sort()).toEqual(exported.map((path) => path.replace(".", "nightlatch")).sort())
})
