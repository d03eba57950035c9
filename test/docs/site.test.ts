import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { chromium } from "playwright-core"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { docs, readSections } from "../../docs/.vitepress/pages.ts"
import { chromiumPath, hasChromium } from "../machine.ts"
import { buildSite, deadLinks, folder, readBuiltPages, serveSite } from "./built-site.ts"
import type { BuiltPage } from "./built-site.ts"

let output: string
let pages: BuiltPage[]

beforeAll(async () => {
  output = await buildSite()
  pages = readBuiltPages()
})

test("is built without a warning, with a page for each of docs", () => {
  expect(output).not.toMatch(/warning|\(!\)/i)
  expect(pages.map(({ path }) => path)).toEqual(expect.arrayContaining(listed()))
})

test("has no dead link, and none to a place that is not on the page", () => {
  expect(deadLinks(pages)).toEqual([])
})

test("finds a dead link", () => {
  const page = { path: "/a/b.html", resources: [], ids: new Set(["c"]) }
  const links = ["b.html#c", "#c", "../a/b.html", "https://example.com/x", "#d", "d.html", "/"]
  expect(deadLinks([{ ...page, links }])).toEqual(["/a/b.html: #d", "/a/b.html: d.html", "/a/b.html: /"])
})

test("loads nothing from elsewhere", () => {
  const foreign = pages.flatMap(({ resources }) => resources).filter((each) => /^(\w+:)?\/\//.test(each))
  expect(foreign).toEqual([])
})

test("explains every type of options that the reference names", () => {
  const reference = globSync("reference/api/**/*.md", { cwd: docs }).map((page) =>
    readFileSync(join(docs, page), "utf8"),
  )
  expect(reference.join()).toContain("[`BcryptOptions`](#bcryptoptions)")
  const unexplained = reference.flatMap((text) => text.match(/^\| .*(?<!\[)`\w+Options`.*/gm) ?? [])
  expect(unexplained).toEqual([])
})

test("has the pages as text, in the order of the sidebar", () => {
  const paths = readSections().flatMap((section) => section.pages.map(({ path }) => `/${path}.md`))
  const list = readFileSync(join(folder, "llms.txt"), "utf8")
  expect([...list.matchAll(/^- \[.+?\]\((\S+?)\)/gm)].map(([, path]) => path)).toEqual(paths)
  const everything = readFileSync(join(folder, "llms-full.txt"), "utf8")
  for (const path of paths) expect(everything).toContain(readFileSync(join(folder, path), "utf8"))
})

const isLeftOut = !hasChromium("the site in a browser")

describe.skipIf(isLeftOut)("the site in a browser", () => {
  const axe = () => readFileSync(join(docs, "node_modules/axe-core/axe.min.js"), "utf8")
  const samples = [
    "/index.html",
    "/getting-started/nextjs.html",
    "/security.html",
    "/lucia/v3.html",
    "/reference/index.html",
    "/reference/errors/invalid_option.html",
    "/reference/api/password.html",
    "/404.html",
  ]
  let browser: Browser
  let site: Awaited<ReturnType<typeof serveSite>>

  beforeAll(async () => {
    site = await serveSite()
    browser = await chromium.launch({ executablePath: chromiumPath })
  })
  afterAll(async () => {
    await browser?.close()
    site?.stop()
  })

  describe.each(["light", "dark"] as const)("in %s colours", (colorScheme) => {
    test.each([320, 1280])(
      "is accessible, quiet and no wider than %i px",
      async (width) => {
        const { page, complaints } = await open({ colorScheme, width })
        for (const path of samples) {
          await page.goto(path)
          await photograph(page, `${path.slice(1).replaceAll("/", "-")}-${colorScheme}-${width}.png`)
          expect(await overflowOf(page), path).toBeLessThanOrEqual(0)
          expect(await violationsOn(page), path).toEqual([])
        }
        expect(complaints).toEqual([])
        await page.context().close()
      },
      240_000,
    )
  })

  test("has no page that complains or is wider than a small phone", async () => {
    const { page, complaints } = await open({ colorScheme: "light", width: 320 })
    for (const { path } of pages) {
      await page.goto(path)
      expect(await overflowOf(page), path).toBeLessThanOrEqual(0)
    }
    expect(complaints).toEqual([])
  }, 240_000)

  test("finds pages by their words, without a network", async () => {
    const { page, complaints } = await open({ colorScheme: "light", width: 1280 })
    await page.goto("/")
    await page.getByRole("button", { name: "Search" }).click()
    await page.getByRole("searchbox").fill("redirect loop")
    await page.getByRole("option").first().waitFor()
    await photograph(page, "search.png")
    await page.getByRole("option").first().click()
    await page.waitForURL(({ pathname }) => pathname !== "/")
    await page.getByText("redirect loop").first().waitFor()
    expect(complaints).toEqual([])
  })

  async function open({ colorScheme, width }: { colorScheme: "light" | "dark"; width: number }) {
    const viewport = { width, height: 900 }
    const context = await browser.newContext({ baseURL: site.origin, colorScheme, viewport, reducedMotion: "reduce" })
    const complaints: string[] = []
    context.on("console", (message) => {
      if (/error|warning/.test(message.type())) complaints.push(message.text())
    })
    context.on("weberror", (error) => complaints.push(String(error.error())))
    context.on("request", (request) => {
      if (!request.url().startsWith(site.origin)) complaints.push(request.url())
    })
    return { page: await context.newPage(), complaints }
  }

  async function violationsOn(page: Page): Promise<string[]> {
    await page.evaluate(axe())
    const { violations } = await page.evaluate<AxeResults>("axe.run()")
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`)
  }
})

interface AxeResults {
  violations: { id: string; nodes: { html: string; failureSummary: string }[] }[]
}

function listed(): string[] {
  return readSections().flatMap((section) => section.pages.map(({ path }) => `/${path}.html`))
}

async function photograph(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `.screenshots/site/${name}` })
}

function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - innerWidth")
}
