import { existsSync, globSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { slugOf } from "../../docs/.vitepress/slug.ts"
import { packed, root } from "./tarball.ts"

const exclude = ["**/node_modules", "dist", "docs/.vitepress", "docs/reference/api", "**/.next"]

test.each(globSync("**/*.md", { cwd: root, exclude }))("each link of %s leads to what is in the repository", (page) => {
  expect(deadLinks(page, (path) => existsSync(join(root, path)))).toEqual([])
})

describe("the package", () => {
  let shipped: Set<string>

  beforeAll(async () => {
    const { files } = await packed()
    const folders = files.flatMap((file) => file.split("/").map((_, depth, names) => names.slice(0, depth).join("/")))
    shipped = new Set([...files, ...folders])
  })

  test("has pages whose links lead to what is in it", () => {
    const pages = [...shipped].filter((file) => file.endsWith(".md"))
    expect(pages).toEqual(expect.arrayContaining(["README.md", "SECURITY.md", "docs/cli.md", "docs/lucia/v3.md"]))
    const dead = pages.flatMap((page) => deadLinks(page, (path) => shipped.has(path)).map((link) => `${page}: ${link}`))
    expect(dead.filter((each) => !isReadInTheRepository(each))).toEqual([])
  })

  test.each(["no/such.md", "README.md#no-such-heading", "#no-such-heading", "docs"])(
    "a dead link is found: %s",
    (link) => {
      const dead = (path: string) => path.endsWith(".md") && path === "README.md"
      expect(linksIn(`See [this](${link}).`)).toEqual([link])
      expect(isDead(link, "README.md", dead)).toBe(true)
    },
  )
})

/** npmjs.com resolves the links of the README against the repository, where the examples and the other pages are. */
function isReadInTheRepository(dead: string): boolean {
  return /^README\.md: (examples\/|docs\/(index|comparison|contributing|security)\.md)/.test(dead)
}

function deadLinks(page: string, exists: (path: string) => boolean): string[] {
  return linksIn(read(page)).filter((link) => isDead(link, page, exists))
}

function isDead(link: string, page: string, exists: (path: string) => boolean): boolean {
  const [path = "", anchor] = link.split("#")
  const target = path === "" ? page : posix.normalize(posix.join(posix.dirname(page), path)).replace(/\/$/, "")
  if (!exists(target)) return true
  return anchor !== undefined && target.endsWith(".md") && !anchorsIn(read(target)).has(anchor)
}

/** The links of a page that are no addresses, without those in code. */
function linksIn(text: string): string[] {
  const links = withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)
  return [...links].map(([, link = ""]) => link).filter((link) => !URL.canParse(link))
}

/** The anchors of a page's headings. A second heading of the same words gets a number. */
function anchorsIn(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ""] of withoutBlocks(text).matchAll(/^#+ (.+)$/gm)) {
    const slug = slugOf(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1"))
    for (let anchor = slug, n = 1; ; anchor = `${slug}-${n++}`) {
      if (anchors.has(anchor)) continue
      anchors.add(anchor)
      break
    }
  }
  return anchors
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^( *)(```+).*?^\1\2$/gms, "")
}

function withoutCode(text: string): string {
  return withoutBlocks(text).replaceAll(/(`+).*?\1/g, "")
}

function read(file: string): string {
  return readFileSync(join(root, file), "utf8")
}
