import { posix } from "node:path"
import { callsOf, property } from "./calls.ts"
import type { Call } from "./calls.ts"
import { functionsOf } from "./functions.ts"
import type { Project } from "./project.ts"
import { isAt, split } from "./source.ts"
import type { Range, Source } from "./source.ts"
import { stringValue } from "./token.ts"

/** A Next.js page. */
export interface Page {
  source: Source
  /** Its path on the site, such as `/blog/[slug]`. */
  path: string
  /** The position to report: the function that renders the page. */
  at: number
  /** Whether it reads data before it renders. */
  reads: boolean
}

/** Lists the App Router pages below a folder, and the Pages Router pages that render for each request. */
export function pagesBelow({ sources }: Project, folder: string): Page[] {
  const base = folder === "." ? "" : `${folder}/`
  return sources
    .filter(({ path }) => path.startsWith(base))
    .flatMap((source) => pageOf(source, source.path.slice(base.length).replace(/^src\//, "")) ?? [])
}

function pageOf(source: Source, file: string): Page | undefined {
  const inApp = /^app\/(.*\/)?page\.[jt]sx?$/.exec(file)
  if (inApp) return appPage(source, inApp[1] ?? "")
  const inPages = /^pages\/(.*)\.[jt]sx?$/.exec(file)?.[1]
  return inPages === undefined || /^(?:api\/|_|404$|500$)/.test(inPages) ? undefined : pagesPage(source, inPages)
}

function appPage(source: Source, folder: string): Page | undefined {
  const segments = folder.split("/").filter((segment) => segment && !/^\([^.]/.test(segment))
  // Parallel and intercepted routes have the address of another page.
  if (segments.some((segment) => /^(?:@|\(\.)/.test(segment))) return undefined
  const render = functionsOf(source).find(({ isDefault }) => isDefault)
  const reads = render !== undefined && isAsync(source, render.start)
  return { source, path: `/${segments.join("/")}`, at: render?.start ?? 0, reads }
}

function pagesPage(source: Source, name: string): Page {
  const load = functionsOf(source).find((each) => each.name === "getServerSideProps")
  const path = `/${name.replace(/(?:^|\/)index$/, "")}`
  return { source, path, at: load?.start ?? 0, reads: load !== undefined }
}

function isAsync(source: Source, start: number): boolean {
  return isAt(source, start, "async") || isAt(source, start + 1, "async") || isAt(source, start + 2, "async")
}

/** A Next.js file that answers requests itself. */
export interface RouteFile {
  /** Whether it belongs to the Pages Router, where it answers every method. */
  isPages: boolean
  /** Returns whether the file answers requests to a path. */
  covers(path: string): boolean
}

/** Returns a `route.ts` of the App Router, or an API route of the Pages Router; `null` for other files. */
export function routeOf({ path }: Source): RouteFile | null {
  const inApp = /(?:^|\/)app\/(?:(.*)\/)?route\.[jt]sx?$/.exec(path)
  const inPages = /(?:^|\/)pages\/(api\/.*?)(?:\/index)?\.[jt]sx?$/.exec(path)
  const found = inApp ?? inPages
  if (!found) return null
  const pattern = new RegExp(`^${(found[1] ?? "").split("/").map(patternOf).join("")}$`)
  return { isPages: !inApp, covers: (address) => pattern.test(address) }
}

// Groups and parallel routes are not part of the address.
function patternOf(segment: string): string {
  if (/^(?:\(.*\)|@.*|)$/.test(segment)) return ""
  if (segment.startsWith("[[...")) return "(?:/.+)?"
  if (segment.startsWith("[...")) return "/.+"
  return segment.startsWith("[") ? "/[^/]+" : `/${segment.replaceAll(/[^\w-]/g, "\\$&")}`
}

/** A proxy from `nightlatch/next/proxy`. */
export interface ProxyFile {
  source: Source
  call: Call
  /** The application's folder. */
  folder: string
  /** The paths that stay public; `null` if they are not a list of strings. */
  openPaths: string[] | null
}

/** Lists the calls of `createAuthProxy()` in a project. */
export function proxiesOf({ sources }: Project): ProxyFile[] {
  return sources.flatMap((source) =>
    callsOf(source, new Set(["createAuthProxy"])).map((call) => {
      const folder = posix.dirname(source.path).replace(/(?:^|\/)src$/, "") || "."
      return { source, call, folder, openPaths: openPathsOf(source, call) }
    }),
  )
}

function openPathsOf(source: Source, { args }: Call): string[] | null {
  const list = property(source, args[0], "publicPaths")
  const paths = list && stringsIn(source, list.value)
  const others = ["signInPath", "forbiddenPath"].flatMap((key) => {
    const value = property(source, args[0], key)?.value
    return value ? [value.end - value.start === 1 ? stringValue(source.tokens[value.start]) : null] : []
  })
  return paths && others.every((each) => each !== null) ? [...paths, ...others] : null
}

/** Returns the strings of an array literal; `null` for anything else. */
export function stringsIn(source: Source, { start, end }: Range): string[] | null {
  if (!isAt(source, start, "[") || source.pairs[start] !== end - 1) return null
  const items = split(source, { start: start + 1, end: end - 1 }, (text) => text === ",")
  const values = items.map((item) => (item.end - item.start === 1 ? stringValue(source.tokens[item.start]) : null))
  return values.every((value) => value !== null) ? values : null
}

/** Returns whether a path is below one of these, by whole segments. `/` covers only itself. */
export function isBelow(paths: readonly string[], path: string): boolean {
  return paths.some((each) => each === path || (each !== "/" && path.startsWith(`${each.replace(/\/$/, "")}/`)))
}
