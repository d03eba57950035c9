import { globSync } from "node:fs"
import { expect, test } from "vitest"
import { docs, readSections } from "../../docs/.vitepress/pages.ts"

const exclude = ["node_modules/**", "reference/api/**"]

test("each page of docs is in the sidebar, once", () => {
  const listed = readSections()
    .flatMap(({ pages }) => pages.map(({ path }) => `${path}.md`))
    .filter((page) => !page.startsWith("reference/api/"))
  const pages = globSync("**/*.md", { cwd: docs, exclude }).filter((page) => page !== "index.md")
  expect(listed.toSorted()).toEqual(pages.toSorted())
})
