import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"

import manifest from "../../package.json" with { type: "json" }
import { root } from "./tarball.ts"

const readme = readFileSync(join(root, "README.md"), "utf8")

test("the table of entries in the README names each export of the package, and nothing else", () => {
  const named = [...readme.matchAll(/^\| `(nightlatch[^`]*)`/gm)].map(([, name = ""]) => name)
  const exported = Object.keys(manifest.exports).filter((path) => path !== "./package.json")
  expect(named.sort()).toEqual(exported.map((path) => path.replace(".", "nightlatch")).sort())
})

test.each([
  "README.md",
  "SECURITY.md",
  "docs/contributing.md",
  "docs/databases/custom.md",
  "docs/databases/drizzle.md",
  "docs/databases/index.md",
  "docs/databases/kysely.md",
  "docs/databases/mysql.md",
  "docs/databases/postgresql.md",
  "docs/databases/prisma.md",
  "docs/databases/redis.md",
  "docs/databases/schema.md",
  "docs/databases/sqlite.md",
  "docs/databases/transactions.md",
  "docs/guides/wrappers.md",
  "docs/lucia/v2-differences.md",
  "docs/lucia/v3-differences.md",
  "docs/lucia/v2.md",
  "docs/lucia/v3.md",
  "docs/getting-started/index.md",
  "docs/getting-started/nextjs.md",
  "docs/getting-started/nextjs-pages.md",
  "docs/performance.md",
  "docs/guides/stateless.md",
  "docs/reference/stateless-format.md",
  "bench/README.md",
  "examples/web/README.md",
  "examples/custom-adapter/README.md",
  "examples/lucia-v2-next-app/README.md",
  "examples/lucia-v2-web/README.md",
  "examples/lucia-v3-next-app/README.md",
  "examples/lucia-v3-next-pages/README.md",
  "examples/next-app/README.md",
  "examples/next-pages/README.md",
  "examples/next-stateless/README.md",
])("the links in %s lead to what is there", (page) => {
  const links = [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(
    ([, link = ""]) => link,
  )
  const local = links.filter((link) => !URL.canParse(link))
  expect(local.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
})
