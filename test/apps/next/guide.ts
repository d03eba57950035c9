import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../package/tarball.ts"

/** The text of the page about the App Router. */
export const appRouterGuide = readGuide("nextjs.md")

/** The text of the page about the Pages Router. */
export const pagesRouterGuide = readGuide("nextjs-pages.md")

/** The blocks of TypeScript that name their file in the first line. */
export function filesIn(text: string): Record<string, string> {
  const blocks = text.matchAll(/^```tsx?\n\/\/ (\S+)\n(.*?)^```$/gms)
  return Object.fromEntries([...blocks].map(([, file = "", code = ""]) => [file, code]))
}

function readGuide(name: string): string {
  return readFileSync(join(root, "docs/getting-started", name), "utf8")
}
