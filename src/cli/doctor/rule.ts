import type { Project } from "./project.ts"
import { lineOf } from "./source.ts"
import type { Source } from "./source.ts"

/** How bad a finding is. Advice does not fail the command. */
export type Severity = "error" | "warning" | "advice"

/** A place that a rule objects to. */
export interface Problem {
  /** The path from the project's folder. */
  file: string
  /** Counted from 1. */
  line: number
  /** What is wrong, in one or two sentences. */
  message: string
}

/** A rule of `nightlatch doctor`. */
export interface Rule {
  name: string
  severity: Severity
  /** What it finds, for the list of rules. */
  finds: string
  /** What to do, in one or two sentences. */
  cure: string
  /** The page that explains it, in this package. */
  page?: string
  check(project: Project): Problem[]
}

/** A place in a file and what is wrong there. */
export type Spot = [at: number, message: string]

/** Makes the check of a rule that looks at one file of code at a time. */
export function inEachSource(find: (source: Source, project: Project) => Spot[]): Rule["check"] {
  return (project) =>
    project.sources.flatMap((source) => {
      return find(source, project).map(([at, message]) => ({ file: source.path, line: lineOf(source, at), message }))
    })
}
