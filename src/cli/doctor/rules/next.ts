import { posix } from "node:path"
import { authFactories, wrapperFactories } from "../auth-names.ts"
import { callsOf, property } from "../calls.ts"
import { asksWhoIsSignedIn } from "../guard-search.ts"
import { importsFrom, importsOf } from "../imports.ts"
import { modulesOf } from "../modules.ts"
import { isBelow, pagesBelow, proxiesOf } from "../next-files.ts"
import type { Page } from "../next-files.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Problem, Rule, Spot } from "../rule.ts"
import { lineOf } from "../source.ts"
import type { Source } from "../source.ts"
import { hasDirective } from "../wrappers.ts"
import { pages } from "../pages.ts"

const makers = new Set([...authFactories, ...wrapperFactories, "createUsers"])
const layout = /(?:^|\/)layout\.[jt]sx?$/

/** Rules about Next.js applications. */
export const nextRules: Rule[] = [
  {
    name: "proxy-only",
    severity: "error",
    finds: "a page that only `createAuthProxy` protects",
    cure: "Wrap the page in `protectedPage`, or call `verifySession()` where it reads its data. If it is for everyone, list it in `publicPaths`.",
    page: pages.nextjs,
    check: (project) =>
      proxiesOf(project).flatMap(({ folder, openPaths }) => {
        const pages = openPaths ? pagesBelow(project, folder).filter(({ path }) => isPrivate(openPaths, path)) : []
        const open = pages.filter((each) => isUnguarded(project, each) && layoutsOf(project, each).length === 0)
        return open.map((each) =>
          problem(
            each,
            "is protected by the proxy only, which does not ask the database: a cookie of an ended session passes.",
          ),
        )
      }),
  },
  {
    name: "layout-only",
    severity: "warning",
    finds: "a page that only the layout above it protects",
    cure: "Guard the page as well. Next.js does not render a layout again when a visitor follows a link.",
    page: pages.nextjs,
    check: (project) =>
      applicationsOf(project)
        .flatMap((folder) => pagesBelow(project, folder))
        .filter((each) => {
          return isUnguarded(project, each) && layoutsOf(project, each).length > 0
        })
        .map((each) => problem(each, "is protected by a layout only.")),
  },
  {
    name: "proxy-options",
    severity: "error",
    finds: "`createAuthProxy` without the `cookie` or `trustedOrigins` that `createAuth` has",
    cure: "Keep the options in a file of their own, and give the same object to `createAuth` and `createAuthProxy`.",
    page: pages.nextjs,
    check: checkProxyOptions,
  },
  {
    name: "server-code-in-client",
    severity: "error",
    finds: "a Client Component that imports the file with `createAuth`, `createNextAuth` or `createUsers`",
    cure: "Use `import type` for its types, and `nightlatch/react` or props for the user.",
    page: pages.nextjs,
    check: inEachSource((source, project) => {
      if (!hasDirective(source, "use client")) return []
      const imported = importsOf(source).filter((each) => {
        const file = each.isType ? null : modulesOf(project).fileOf(source, each.module)
        return file !== null && callsOf(file, makers).length > 0
      })
      return imported.map(({ at, module }): Spot => [
        at,
        `This Client Component imports ${module}, which is code for the server.`,
      ])
    }),
  },
  {
    name: "mixed-routers",
    severity: "error",
    finds: "a file of the Pages Router that imports `nightlatch/next`",
    cure: "Keep `createNextAuth` and `createPagesAuth` in files of their own, next to one with `createAuth`.",
    page: pages.nextjs,
    check: inEachSource((source, project) => {
      if (!/(?:^|\/)pages\/.*\.[jt]sx?$/.test(source.path)) return []
      const { sources } = modulesOf(project).reachedFrom(source)
      const other = sources.find((each) => importsFrom(each, "nightlatch/next"))
      const isPages = sources.some((each) => importsFrom(each, "nightlatch/next/pages"))
      return other && isPages
        ? [[0, `This page loads ${other.path}, which imports nightlatch/next: that is for the App Router.`]]
        : []
    }),
  },
]

// The folders with a package.json.
function applicationsOf({ files }: Project): string[] {
  const manifests = [...files.keys()].filter((path) => posix.basename(path) === "package.json")
  return [...new Set([".", ...manifests.map((path) => posix.dirname(path))])]
}

function isPrivate(openPaths: string[], path: string): boolean {
  return !isBelow(openPaths, path) && !path.startsWith("/[")
}

function isUnguarded(project: Project, { source, reads }: Page): boolean {
  return reads && !hasDirective(source, "use client") && !asksWhoIsSignedIn(project, source)
}

// The layouts above a page that keep visitors out.
function layoutsOf({ sources }: Project, { source }: Page): Source[] {
  const above = sources.filter(({ path }) => layout.test(path) && isAbove(path, source.path))
  return above.filter((each) => callsOf(each, new Set(["verifySession", "protectedPage"])).length > 0)
}

function isAbove(layoutPath: string, pagePath: string): boolean {
  return pagePath.startsWith(`${posix.dirname(layoutPath)}/`)
}

function problem({ source, path, at }: Page, message: string): Problem {
  return { file: source.path, line: lineOf(source, at), message: `The page ${path} ${message}` }
}

function checkProxyOptions(project: Project): Problem[] {
  const auths = project.sources.flatMap((source) =>
    callsOf(source, new Set(["createAuth"])).map((call) => ({ source, call })),
  )
  const [only, ...others] = auths
  if (!only || others.length > 0) return []
  return proxiesOf(project).flatMap(({ source, call }) => {
    const has = (key: string) => property(source, call.args[0], key) !== undefined
    if (has("auth") || has("...") || call.args.length === 0) return []
    const missing = ["cookie", "trustedOrigins"].filter(
      (key) => property(only.source, only.call.args[0], key) && !has(key),
    )
    return missing.map((key) => ({
      file: source.path,
      line: lineOf(source, call.at),
      message: `createAuth() has the option ${key}, and createAuthProxy() does not: the two disagree about requests.`,
    }))
  })
}
