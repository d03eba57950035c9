import type { Finding } from "./examine.ts"
import { nameOf } from "../printable.ts"
import type { Severity } from "./rule.ts"

/** The output of `nightlatch doctor --json`. A breaking change increases `version`. */
export interface Report {
  version: 1
  /** How many code files were read. */
  files: number
  counts: Record<Severity, number>
  findings: Finding[]
}

/** Creates a report with the counts of findings. */
export function reportOf(findings: Finding[], files: number): Report {
  const count = (severity: Severity) => findings.filter((each) => each.severity === severity).length
  const counts = { error: count("error"), warning: count("warning"), advice: count("advice") }
  return { version: 1, files, counts, findings }
}

/** Formats a report as text. */
export function textOf({ findings, counts, files }: Report): string {
  const read = `${files} ${files === 1 ? "file" : "files"} read`
  if (findings.length === 0) return `No problems found. ${read}.`
  const total = `${number(counts.error, "error")}, ${number(counts.warning, "warning")}, ${counts.advice} advice. ${read}.`
  return [...findings.map(paragraph), total].join("\n\n")
}

function paragraph({ rule, severity, file, line, message, cure, page }: Finding): string {
  const lines = [`${nameOf(file)}:${line}  ${severity}  ${rule}`, `  ${message}`, `  ${cure}`]
  return [...lines, ...(page ? [`  See ${page}`] : [])].join("\n")
}

function number(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`
}
