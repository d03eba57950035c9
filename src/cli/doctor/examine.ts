import type { Project } from "./project.ts"
import type { Severity } from "./rule.ts"
import { rules } from "./rules.ts"

/** A problem that a rule found, with its position. */
export interface Finding {
  rule: string
  severity: Severity
  /** The path relative to the project's folder, with `/`. */
  file: string
  /** Counted from 1. */
  line: number
  /** What is wrong. */
  message: string
  /** What to do. */
  cure: string
  /** The page of this package that explains it; `null` if there is none. */
  page: string | null
}

const severities: Severity[] = ["error", "warning", "advice"]

/**
 * Applies all rules to a project, the worst findings first. A comment `nightlatch-doctor-ignore <rule>: <reason>` in the
 * line above silences a rule for one line.
 */
export function examine(project: Project): Finding[] {
  const findings = rules.flatMap(({ name, severity, cure, page = null, check }) => {
    return check(project).map((problem): Finding => ({ rule: name, severity, ...problem, cure, page }))
  })
  const linesOf = linesReader(project)
  const kept = onceEach(findings).filter((each) => !isIgnored(linesOf(each.file), each))
  return kept.sort((a, b) => rank(a) - rank(b) || compare(a.file, b.file) || a.line - b.line)
}

// Reports the same message for the same line only once.
function onceEach(findings: Finding[]): Finding[] {
  const keyOf = ({ rule, file, line, message }: Finding) => [rule, file, line, message].join("\0")
  return [...new Map(findings.map((each) => [keyOf(each), each])).values()]
}

function linesReader({ files }: Project): (file: string) => string[] {
  const known = new Map<string, string[]>()
  return (file) => {
    const lines = known.get(file) ?? (files.get(file) ?? "").split("\n")
    known.set(file, lines)
    return lines
  }
}

function isIgnored(lines: string[], { line, rule }: Finding): boolean {
  for (let above = line - 2; above >= 0; above--) {
    const ignored = /nightlatch-doctor-ignore ([\w-]+): *\S/.exec(lines[above]!)?.[1]
    if (!ignored) return false
    if (ignored === rule) return true
  }
  return false
}

function rank({ severity }: Finding): number {
  return severities.indexOf(severity)
}

function compare(a: string, b: string): number {
  return Number(a > b) - Number(a < b)
}
