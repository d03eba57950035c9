import type { SourceFile } from "ts-morph"

/** The code style of a file. */
export interface CodeStyle {
  quote: string
  semicolon: string
  /** One level of indentation. */
  indent: string
}

/** Detects a file's style from its imports and its first indented line. */
export function codeStyleOf(file: SourceFile): CodeStyle {
  const text = file.getFullText()
  const [first] = file.getImportDeclarations()
  const quote = first?.getModuleSpecifier().getText()[0] ?? `"`
  const indent = /^(\t| {2,8})(?=[^\s*])/m.exec(text)?.[1] ?? "  "
  return { quote, indent, semicolon: (first?.getText() ?? text.trimEnd()).endsWith(";") ? ";" : "" }
}

/** Indents lines with this indentation, and keeps their relative indentation. */
export function reindent(text: string, indent: string): string {
  const lines = text.replaceAll("\r\n", "\n").split("\n")
  const inner = lines.filter((line) => line.trim() !== "").map((line) => /^[ \t]*/.exec(line)![0].length)
  const least = Math.min(...inner)
  return lines.map((line) => (line.trim() === "" ? "" : indent + line.slice(least))).join("\n")
}
