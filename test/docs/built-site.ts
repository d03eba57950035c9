import { execFile } from "node:child_process"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { globSync, readFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { extname, join, posix } from "node:path"
import { promisify } from "node:util"
import { docs } from "../../docs/.vitepress/pages.ts"
import { root } from "../package/tarball.ts"

const run = promisify(execFile)
const types: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
}

/** Where the build puts the site. */
export const folder = join(docs, ".vitepress/dist")

/** Builds the site as `npm run docs` does, and resolves to what that prints. */
export async function buildSite(): Promise<string> {
  const { stdout, stderr } = await run("npm", ["run", "docs"], { cwd: root, maxBuffer: 1e8 })
  return stdout + stderr
}

/** Serves the site on a free port, as a static host does. */
export async function serveSite(): Promise<{ origin: string; stop(): void }> {
  const server = createServer(async ({ url = "/" }, res) => {
    const path = fileOf(new URL(url, "http://localhost").pathname)
    const content = await readFile(join(folder, path)).catch(() => null)
    res.writeHead(content ? 200 : 404, { "Content-Type": types[extname(path)] ?? "text/plain" }).end(content)
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, stop: () => void server.close() }
}

/** A page as it was built. */
export interface BuiltPage {
  /** Like `/guides/stateless.html`. */
  path: string
  /** What its elements refer to: of `<a>`, and of all others. */
  links: string[]
  resources: string[]
  ids: Set<string>
}

/** Reads all pages that were built. */
export function readBuiltPages(): BuiltPage[] {
  return globSync("**/*.html", { cwd: folder }).map((file) => {
    const html = readFileSync(join(folder, file), "utf8")
    const tags = [...html.matchAll(/<(\w+)\b[^>]*>/g)].map(([tag, name = ""]) => ({ tag, name }))
    const referring = (isLink: boolean) =>
      tags.filter(({ name }) => (name === "a") === isLink).flatMap(({ tag }) => attributes(tag, "href|src"))
    return {
      path: `/${file}`,
      links: referring(true),
      resources: referring(false),
      ids: new Set(tags.flatMap(({ tag }) => attributes(tag, "id"))),
    }
  })
}

/** The links inside the site that lead to no page, or to no place on it. */
export function deadLinks(pages: BuiltPage[]): string[] {
  const places = new Map(pages.map(({ path, ids }) => [path, ids]))
  return pages.flatMap(({ path, links }) =>
    links
      .filter((link) => !/^[a-z]+:/.test(link) && !leads(new URL(link, `http://site${path}`), places))
      .map((link) => `${path}: ${link}`),
  )
}

function leads({ pathname, hash }: URL, places: Map<string, Set<string>>): boolean {
  const ids = places.get(posix.join("/", fileOf(decodeURIComponent(pathname))))
  return ids !== undefined && (hash === "" || ids.has(decodeURIComponent(hash.slice(1))))
}

function fileOf(path: string): string {
  return path.endsWith("/") ? `${path}index.html` : path
}

function attributes(tag: string, names: string): string[] {
  const found = tag.matchAll(new RegExp(`\\s(?:${names})="([^"]*)"`, "g"))
  return [...found].map(([, value = ""]) => value.replaceAll("&amp;", "&"))
}
