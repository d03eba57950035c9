import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../package/tarball.ts"

const appRouterPage = readPage("getting-started/nextjs.md")
const [appRouterPart = "", node20Part = ""] = appRouterPage.split(/^## Run on Node 20$/m)

/** The files of the page about the App Router. */
export const appRouterFiles = filesIn(appRouterPart)

/** Those that the page replaces on Node.js 20. */
export const node20Files = filesIn(node20Part)

/** The files that the guide about Next.js adds. */
export const rolesFiles = filesIn(readPage("guides/nextjs.md"))

/** The files of the page about the Pages Router. */
export const pagesRouterFiles = filesIn(readPage("getting-started/nextjs-pages.md"))

/** A root layout with what the page of the App Router adds to it. */
export function layoutWithSession(layout: string): string {
  const [imports = "", shell = ""] = unnamedBlocks(
    /^## Show who is signed in$.*?(?=^## )/ms.exec(appRouterPart)?.[0] ?? "",
  )
  return imports + layout.replace("{children}", shell)
}

/** Files for an application without Cache Components, from which the page says to leave out the lines of `instant`. */
export function withoutInstant(files: Record<string, string>): Record<string, string> {
  const lines = /^(\/\/ Next\.js waits .*\n)?export const instant = false\n\n/m
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace(lines, "")]))
}

/** The blocks of TypeScript that name their file in the first line. */
function filesIn(text: string): Record<string, string> {
  const blocks = text.matchAll(/^```tsx?\n\/\/ (\S+)\n(.*?)^```$/gms)
  return Object.fromEntries([...blocks].map(([, file = "", code = ""]) => [file, code]))
}

function unnamedBlocks(text: string): string[] {
  return [...text.matchAll(/^```tsx\n(?!\/\/)(.*?)^```$/gms)].map(([, code = ""]) => code)
}

function readPage(name: string): string {
  return readFileSync(join(root, "docs", name), "utf8")
}
