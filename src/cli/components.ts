import { readFileSync } from "node:fs"
import { componentNeedsLucia } from "./mentions.ts"
import type { Leftover } from "./text-edits.ts"

/** A component in a language that TypeScript does not read. */
export interface Component {
  /** The path relative to the requested folder. */
  path: string
  before: string
  after: string
}

/** Reads components, and rewrites each with `rewrite`. */
export function readComponents(
  paths: string[],
  shorten: (path: string) => string,
  rewrite: (text: string) => string,
): Component[] {
  return paths.map((path) => {
    const before = readFileSync(path, "utf8")
    return { path: shorten(path), before, after: rewrite(before) }
  })
}

/** Lists every line of a component that still uses Lucia, or the instance with this name. */
export function leftInComponent({ path, after }: Component, instance: string | null): Leftover[] {
  const names = instance ? `|\\b${instance}\\s*[.,})]` : ""
  const use = new RegExp(`["'\`](nightlatch/)?lucia(/[\\w./-]+)?["'\`]${names}`)
  if (!componentNeedsLucia(after) && !(instance && use.test(after))) return []
  const lines = after.split("\n").map((text, at) => ({ text, line: at + 1 }))
  const used = lines.filter(({ text }) => use.test(text) && !/^\s*(\/\/|\*|<!--)/.test(text))
  return used.map(({ line }) => ({ file: path, line, reason: "a component that uses lucia is not rewritten" }))
}
