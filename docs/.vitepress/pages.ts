import { existsSync, readFileSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import manifest from "../../package.json" with { type: "json" }

/** The folder of the pages. */
export const docs = join(dirname(fileURLToPath(import.meta.url)), "..")

/** A part of the sidebar: its heading and its pages, in order. */
export interface Section {
  title: string
  /** Paths below `docs`, without `.md`. */
  pages: string[]
}

/** A page that exists. */
export interface Page {
  /** Its path below `docs`, without `.md`. */
  path: string
  /** Its first heading. */
  title: string
  /** Its Markdown. */
  text: string
}

/** The entries of the package, as their pages of the reference are called. */
export const entries = Object.keys(manifest.exports)
  .filter((path) => path !== "./package.json")
  .map((path) => (path === "." ? "nightlatch" : path.slice(2)))

// A page that is not in this list fails test/docs/pages.test.ts. A page of the list that does not exist is left out.
const sections: Section[] = [
  {
    title: "Getting started",
    pages: inFolder("getting-started", [
      "index",
      "nextjs",
      "nextjs-pages",
      "hono",
      "express",
      "fastify",
      "sveltekit",
      "astro",
      "react-router",
      "nuxt",
      "tanstack-start",
      "elysia",
      "workers",
    ]),
  },
  {
    title: "Databases",
    pages: inFolder("databases", [
      "index",
      "sqlite",
      "postgresql",
      "mysql",
      "drizzle",
      "prisma",
      "kysely",
      "redis",
      "schema",
      "transactions",
      "custom",
    ]),
  },
  {
    title: "Guides",
    pages: [
      ...inFolder("guides", [
        "index",
        "passwords",
        "email-confirmation",
        "password-reset",
        "magic-links",
        "rate-limiting",
        "oauth",
        "address-taken",
        "two-factor",
        "passkeys",
        "step-up",
        "audit-log",
        "device-bound-sessions",
        "authorization",
        "devices",
        "remember-me",
        "bearer-tokens",
        "other-origins",
        "reverse-proxies",
        "serverless",
        "wrappers",
        "nextjs",
        "websockets",
        "stateless",
        "events",
        "testing",
        "typescript",
        "signed-out",
        "troubleshooting",
        "deployment",
      ]),
      "cli",
    ],
  },
  {
    title: "Providers",
    pages: inFolder("providers", ["google", "github", "microsoft", "apple", "discord", "gitlab", "oidc"]),
  },
  { title: "Lucia", pages: inFolder("lucia", ["v3", "v3-differences", "v2", "v2-differences"]) },
  {
    title: "Reference",
    pages: [
      ...inFolder("reference", ["index", "events", "reasons", "stateless-format"]),
      "runtimes",
      ...pagesIn("reference/errors"),
    ],
  },
  // Made by docs/scripts/reference.ts.
  { title: "API", pages: inFolder("reference/api", entries) },
  { title: "Project", pages: ["security", "threat-model", "performance", "comparison", "publishing", "contributing"] },
]

/** The sections of the sidebar, with the pages that exist. */
export function readSections(): { title: string; pages: Page[] }[] {
  return sections
    .map(({ title, pages }) => ({ title, pages: pages.filter(exists).map(readPage) }))
    .filter(({ pages }) => pages.length > 0)
}

function inFolder(folder: string, names: string[]): string[] {
  return names.map((name) => `${folder}/${name}`)
}

function pagesIn(folder: string): string[] {
  const files = exists(`${folder}/index`) ? readdirSync(join(docs, folder)) : []
  return inFolder(folder, [
    "index",
    ...files.map((file) => file.replace(/\.md$/, "")).filter((name) => name !== "index"),
  ])
}

function exists(page: string): boolean {
  return existsSync(join(docs, `${page}.md`))
}

function readPage(path: string): Page {
  const text = readFileSync(join(docs, `${path}.md`), "utf8")
  const title = /^# (.+)$/m.exec(text)?.[1]?.replaceAll("`", "")
  if (!title) throw new Error(`docs/${path}.md has no heading of the first level`)
  return { path, title, text }
}
