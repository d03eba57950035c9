import { posix } from "node:path"
import type { Project } from "./project.ts"

/** Returns whether a `.gitignore` of a project, or one above it, lists a file. As in Git, the last matching pattern wins. */
export function isIgnored({ files, outerIgnores }: Project, file: string): boolean {
  const outer = outerIgnores.map((pattern) => ({ folder: ".", pattern }))
  const inner = [...files].flatMap(([path, text]) => {
    const folder = posix.dirname(path)
    const isAbove = posix.basename(path) === ".gitignore" && (folder === "." || file.startsWith(`${folder}/`))
    return isAbove ? text.split("\n").map((pattern) => ({ folder, pattern })) : []
  })
  let ignored = false
  for (const { folder, pattern } of [...outer, ...inner].sort((a, b) => a.folder.length - b.folder.length)) {
    const [line, isNegated] = pattern.startsWith("!") ? [pattern.slice(1), true] : [pattern, false]
    if (fits(line.trim(), posix.relative(folder, file))) ignored = !isNegated
  }
  return ignored
}

function fits(pattern: string, path: string): boolean {
  if (!pattern || pattern.startsWith("#")) return false
  const bare = pattern
    .replace(/^\//, "")
    .replace(/^\*\*\//, "")
    .replace(/\/$/, "")
  const isAnchored = pattern.replace(/\/$/, "").includes("/") && !pattern.startsWith("**/")
  const segments = path.split("/")
  const candidates = isAnchored ? segments.map((_, n) => segments.slice(0, n + 1).join("/")) : segments
  return candidates.some((each) => matches(bare, each))
}

// `*` matches anything within a segment. Matching goes from left to right and backtracks only to the last `*`.
function matches(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split(/\*+/)
  if (rest.length === 0) return text === first
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const part of rest.slice(0, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - rest.at(-1)!.length >= at && text.endsWith(rest.at(-1)!)
}
