import type { Project } from "./project.ts"
import { lineOf } from "./source.ts"
import type { Source } from "./source.ts"

/** The severity of a finding. Advice does not fail the command. */
export type Severity = "error" | "warning" | "advice"

/** A place that a rule reports. */
export interface Problem {
  /** The path relative to the project's folder. */
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
  /** The page of this package that explains it. */
  page?: string
  check(project: Project): Problem[]
}

/** A position in a file and what is wrong there. */
export type Spot = [at: number, message: string]

/** Creates the check of a rule that looks at one code file at a time. */
export function inEachSource(find: (source: Source, project: Project) => Spot[]): Rule["check"] {
  return (project) =>
    project.sources.flatMap((source) => {
      return find(source, project).map(([at, message]) => ({ file: source.path, line: lineOf(source, at), message }))
    })
}
