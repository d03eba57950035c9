import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../package/tarball.ts"

/** The text of docs/nextjs.md. */
export const guide = readFileSync(join(root, "docs/nextjs.md"), "utf8")

/** The blocks of TypeScript that name their file in the first line. */
export function filesIn(text: string): Record<string, string> {
  const blocks = text.matchAll(/^```tsx?\n\/\/ (\S+)\n(.*?)^```$/gms)
  return Object.fromEntries([...blocks].map(([, file = "", code = ""]) => [file, code]))
}
