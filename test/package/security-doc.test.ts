import { existsSync, readFileSync, readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

interface Row {
  id: string
  holds: string
  /** Paths from the root, without anchors. */
  links: string[]
}

/** The page, and the tests' texts by path. */
interface Pages {
  page: string
  tests: ReadonlyMap<string, string>
}

/** A rule, what it says, and a change of the real pages that breaks it with the lines that must name the breach. */
interface Check {
  sentence: string
  rule: (pages: Pages) => string[]
  broken: (pages: Pages) => Pages
  breaches: string[]
}

const root = fileURLToPath(new URL("../../", import.meta.url))
const families = {
  TOK: 5,
  STO: 4,
  EXP: 9,
  COO: 10,
  CSR: 9,
  PWD: 10,
  THR: 6,
  OTT: 6,
  PRF: 9,
  PKY: 7,
  DEV: 8,
  STL: 7,
  ADP: 8,
  NXT: 6,
  INP: 4,
  LOG: 3,
  SUP: 4,
  P: 18,
  R: 16,
  F: 19,
}
const real: Pages = { page: readPage("docs/security.md"), tests: readTests() }
const firstTest = "test/core/sessions.test.ts"

const checks: Check[] = [
  {
    sentence: "every requirement has exactly one row",
    rule: requirementsHaveOneRow,
    broken: ({ page, tests }) => ({ page: page.replace("| EXP-1 ", "| EXP-2 "), tests }),
    breaches: ["EXP-1: 0 rows", "EXP-2: 2 rows"],
  },
  {
    sentence: "every row is a requirement",
    rule: rowsAreRequirements,
    broken: ({ page, tests }) => ({ page: `${page}\n| XYZ-1 | holds | – |\n`, tests }),
    breaches: ["XYZ-1"],
  },
  {
    sentence: "every link leads to a file and, in it, to a heading",
    rule: linksLeadSomewhere,
    broken: ({ page, tests }) => ({
      page: `${page}\n[a](../test/no.test.ts) [b](../SECURITY.md#what-we-forgot) [c](../SECURITY.md#threat-model)`,
      tests,
    }),
    breaches: ["../test/no.test.ts", "../SECURITY.md#what-we-forgot"],
  },
  {
    sentence: "every test file that a row links names the row",
    rule: linkedTestsNameTheRow,
    broken: ({ page, tests }) => ({
      page,
      tests: new Map(tests).set(firstTest, textOf(tests, firstTest).replaceAll(named("EXP-1"), "")),
    }),
    breaches: [`EXP-1: ${firstTest}`],
  },
  {
    sentence: "every id in a test is a row, which links that file",
    rule: namedRowsLinkTheTest,
    broken: ({ page, tests }) => ({
      page,
      tests: new Map(tests).set(firstTest, `test("${named("F99")}${named("CSR-4")}${named("EXP-1")} holds")`),
    }),
    breaches: [`F99: ${firstTest}`, `CSR-4: ${firstTest}`],
  },
  {
    sentence: "a row without a test says what brings it, or why there is none",
    rule: rowsWithoutTestsSayWhy,
    broken: ({ page, tests }) => ({ page: page.replace("By decision: `Sec-Fetch-Site", "`Sec-Fetch-Site"), tests }),
    breaches: ["CSR-4"],
  },
]

test.each(checks)("in docs/security.md $sentence", ({ rule }) => {
  expect(rule(real)).toEqual([])
})

test.each(checks)("a breach is found of: $sentence", ({ rule, broken, breaches }) => {
  expect(rule(broken(real))).toEqual(breaches)
})

test("[SUP-3] SECURITY.md says where to report, how soon we answer, and what is in and out of scope", () => {
  const page = readPage("SECURITY.md")
  for (const promise of [
    "Please report it privately",
    "**within 3 working days**",
    "within **90 days**",
    "## Supported versions",
    "### What we defend against",
    "### What is out of scope",
  ]) {
    expect(page).toContain(promise)
  }
})

function requirementsHaveOneRow({ page }: Pages): string[] {
  const ids = rowsOf(page).map(({ id }) => id)
  return requirements()
    .map((id) => ({ id, count: ids.filter((other) => other === id).length }))
    .filter(({ count }) => count !== 1)
    .map(({ id, count }) => `${id}: ${count} rows`)
}

function rowsAreRequirements({ page }: Pages): string[] {
  const known = new Set(requirements())
  return rowsOf(page)
    .map(({ id }) => id)
    .filter((id) => !known.has(id))
}

function linksLeadSomewhere({ page }: Pages): string[] {
  return linksIn(page).filter((link) => {
    const [path = "", heading] = pathOf(link).split("#")
    return !existsSync(root + path) || (heading !== undefined && !headingsOf(readPage(path)).includes(heading))
  })
}

function linkedTestsNameTheRow({ page, tests }: Pages): string[] {
  return rowsOf(page).flatMap(({ id, links }) =>
    links
      .filter((link) => link.startsWith("test/") && !idsIn(textOf(tests, link)).includes(id))
      .map((link) => `${id}: ${link}`),
  )
}

function namedRowsLinkTheTest({ page, tests }: Pages): string[] {
  const links = new Map(rowsOf(page).map((row) => [row.id, row.links]))
  return [...tests].flatMap(([file, text]) =>
    idsIn(text)
      .filter((id) => !links.get(id)?.includes(file))
      .map((id) => `${id}: ${file}`),
  )
}

function rowsWithoutTestsSayWhy({ page }: Pages): string[] {
  return rowsOf(page)
    .filter(({ holds, links }) => links.length === 0 && !/Comes with |By decision|Does not apply/.test(holds))
    .map(({ id }) => id)
}

function requirements(): string[] {
  return Object.entries(families).flatMap(([family, count]) =>
    Array.from({ length: count }, (_, n) => `${family}${family.length > 1 ? "-" : ""}${n + 1}`),
  )
}

function rowsOf(page: string): Row[] {
  const lines = page.matchAll(/^\| ([A-Z]{1,3}-?\d+) +\| (.*?) +\| (.*?) +\|$/gm)
  return Array.from(lines, ([, id = "", holds = "", shownBy = ""]) => {
    return { id, holds, links: linksIn(shownBy).map(pathOf) }
  })
}

function linksIn(markdown: string): string[] {
  return Array.from(markdown.matchAll(/\]\(([^)]*)\)/g), ([, link = ""]) => link)
}

/** The page lies one folder below the root. */
function pathOf(link: string): string {
  return link.startsWith("../") ? link.slice(3) : `docs/${link}`
}

function headingsOf(page: string): string[] {
  return Array.from(page.matchAll(/^#+ (.*)$/gm), ([, heading = ""]) => heading.toLowerCase().replaceAll(" ", "-"))
}

/** As in the name of a test; built, because this file is read too. */
function named(id: string): string {
  return `[${id}]`
}

function idsIn(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(/\[([A-Z]{1,3}-?\d+)\]/g), ([, id = ""]) => id))]
}

function textOf(tests: ReadonlyMap<string, string>, file: string): string {
  return tests.get(file) ?? ""
}

function readTests(): Map<string, string> {
  const files = readdirSync(`${root}test`, { recursive: true, encoding: "utf8" })
  const paths = files.filter((file) => file.endsWith(".test.ts")).map((file) => `test/${file.replaceAll("\\", "/")}`)
  return new Map(paths.map((path) => [path, readPage(path)]))
}

function readPage(path: string): string {
  return readFileSync(root + path, "utf8")
}
