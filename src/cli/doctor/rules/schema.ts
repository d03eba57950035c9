import { callsOf, propertiesOf } from "../calls.ts"
import type { Call } from "../calls.ts"
import { codeOf } from "../expression-text.ts"
import type { Project } from "../project.ts"
import type { Problem, Rule } from "../rule.ts"
import { isAt, lineOf } from "../source.ts"
import type { Source } from "../source.ts"
import { pages } from "../pages.ts"

const columns = ["userId", "expiresAt"] as const
type Column = (typeof columns)[number]

/** A table or model of sessions, and how its columns are written there. */
interface Table {
  file: string
  line: number
  name: string
  indexed: ReadonlySet<Column>
}

const why: Record<Column, string> = {
  userId: "signing a user out everywhere reads the whole table",
  expiresAt: "deleteExpiredSessions() reads it all",
}

/** Rules about the tables. */
export const schemaRules: Rule[] = [
  {
    name: "missing-session-index",
    severity: "warning",
    finds:
      "a session table without an index on its user id, or on `expires_at` where the clean-up needs one, in SQL, Drizzle or Prisma",
    cure: "Add the index. `npx nightlatch schema` prints tables that have both.",
    page: pages.schema,
    check: (project) => [...prismaTables(project), ...drizzleTables(project), ...sqlTables(project)].flatMap(problems),
  },
]

function problems({ file, line, name, indexed }: Table): Problem[] {
  const missing = columns.filter((column) => !indexed.has(column))
  if (missing.length === 0) return []
  const reasons = missing.map((column) => why[column]).join(", and ")
  return [{ file, line, message: `The table ${name} has no index on ${missing.join(" and ")}: ${reasons}.` }]
}

function prismaTables({ files }: Project): Table[] {
  return [...files]
    .filter(([path]) => path.endsWith(".prisma"))
    .flatMap(([file, text]) => {
      return [...text.matchAll(/^model\s+(\w*[sS]ession)\s*\{([^}]*)\}/gm)].flatMap(
        ({ 1: name = "", 2: body = "", index }) => {
          if (!/^\s*userId\b/m.test(body) || !/^\s*expiresAt\b/m.test(body)) return []
          const indexed = columns.filter((column) => {
            return (
              new RegExp(`@@(?:index|unique|id)\\(\\s*(?:fields:\\s*)?\\[${column}\\b`).test(body) ||
              new RegExp(`^\\s*${column}\\b.*@unique`, "m").test(body)
            )
          })
          return [{ file, line: lineAt(text, index), name, indexed: new Set(indexed) }]
        },
      )
    })
}

function drizzleTables({ sources }: Project): Table[] {
  return sources.flatMap((source) => {
    const tables = callsOf(source, new Set(["pgTable", "sqliteTable", "mysqlTable", "table"])).filter((call) =>
      isSessionTable(source, call),
    )
    return tables.map((call) => {
      const extras = call.args[2] ? codeOf(source, call.args[2]) : ""
      const indexed = columns.filter((column) => new RegExp(`\\bon\\(\\w+\\.${column}\\b`).test(extras))
      return {
        file: source.path,
        line: lineOf(source, call.at),
        name: codeOf(source, call.args[0]!),
        indexed: new Set(indexed),
      }
    })
  })
}

function isSessionTable(source: Source, { args }: Call): boolean {
  const fields =
    args[1] && isAt(source, args[1].start, "{") ? propertiesOf(source, args[1].start).map(({ key }) => key) : []
  return /session/i.test(args[0] ? codeOf(source, args[0]) : "") && columns.every((column) => fields.includes(column))
}

// `CREATE TABLE` in SQL files and in strings. An index may be in another file.
function sqlTables(project: Project): Table[] {
  const texts = sqlTexts(project)
  const indexes = texts.flatMap(({ text }) => [
    ...text.matchAll(
      /\bINDEX\b[^;(]{0,200}\bON\s+["'`[]?(?:\w+["'`\]]?\.["'`[]?)?(\w+)["'`\]]?\s*(?:USING\s+\w+\s*)?\(\s*["'`[]?(\w+)/gi,
    ),
  ])
  return texts.flatMap(({ file, line, text }) => {
    const tables = [
      ...text.matchAll(
        /\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?["'`[]?(?:\w+["'`\]]?\.["'`[]?)?(\w*session\w*)["'`\]]?\s*\(([^;]*)/gi,
      ),
    ]
    return tables.flatMap(({ 1: name = "", 2: body = "", index }) => {
      if (!/\buser_id\b/.test(body) || !/\bexpires_at\b/.test(body)) return []
      const own = indexes.filter((each) => each[1]!.toLowerCase() === name.toLowerCase()).map((each) => each[2]!)
      const inside = [...body.matchAll(/(?<!\bFOREIGN\s+)\b(?:INDEX|KEY)\s*["'`]?\w*["'`]?\s*\(\s*["'`]?(\w+)/gi)].map(
        (each) => each[1]!,
      )
      // In SQLite, whose times are INTEGER, the cleanup needs no index.
      if (/\bexpires_at["'`\]]?\s+INTEGER\b/i.test(body)) own.push("expires_at")
      const names = new Set([...own, ...inside].map((each) => each.toLowerCase()))
      const indexed = columns.filter((column) => names.has(column === "userId" ? "user_id" : "expires_at"))
      return [{ file, line: line + lineAt(text, index) - 1, name, indexed: new Set(indexed) }]
    })
  })
}

function sqlTexts({ files, sources }: Project): { file: string; line: number; text: string }[] {
  const inFiles = [...files].filter(([path]) => path.endsWith(".sql")).map(([file, text]) => ({ file, line: 1, text }))
  const inCode = sources.flatMap(({ path, tokens }) => {
    const strings = tokens.filter(
      ({ kind, text }) => (kind === "string" || kind === "template") && /\b(?:TABLE|INDEX)\b/i.test(text),
    )
    return strings.map(({ line, text }) => ({ file: path, line, text }))
  })
  return [...inFiles, ...inCode]
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length
}
