import { AuthError } from "../../src/core/errors.ts"
import type { Owner } from "../port/names.ts"
import { quoted } from "../port/names.ts"
import type { UserIdType } from "../port/user-ids.ts"
import type { Catalogue } from "./catalogue.ts"
import { coreColumns } from "./catalogue.ts"
import type { Column, Dialect } from "./dialect.ts"

/** Why a table cannot serve, and what to write instead; `null` if it can. */
export type Problem = string | null

// SHA-256 in hex.
const sessionIdLength = 64

/** Returns the type of user ids: the one that the developer names, otherwise the one that fits the column. */
export function userIdTypeOf({ user }: Catalogue, dialect: Dialect, userIdType: UserIdType | undefined): UserIdType {
  const id = user.get("id")
  return userIdType ?? (id && dialect.userIdType(id)) ?? "text"
}

/** Explains for each table why it cannot serve. */
export function problemsOf(
  catalogue: Catalogue,
  dialect: Dialect,
  userIdType: UserIdType | undefined,
): Record<Owner, Problem> {
  const { user, session, key } = catalogue
  return {
    user: missing("user", user) ?? userIdProblem(user, userIdType, dialect),
    session: missing("session", session) ?? sessionProblem(catalogue, dialect, userIdType),
    key: missing("key", key) ?? idProblem(key, dialect, null) ?? ownerProblem(catalogue, "key", dialect, userIdType),
  }
}

/** Makes the error of a table that cannot serve. */
export function unusableTable(owner: Owner, name: string, problem: string, dialect: Dialect): AuthError {
  return new AuthError("invalid_option", `tables.${owner}: "${name}" ${problem}${remedyOf(owner, problem, dialect)}`)
}

const absent = "does not exist"
const withoutColumns = "has no column "

function remedyOf(owner: Owner, problem: string, { name }: Dialect): string {
  if (problem !== absent && !problem.startsWith(withoutColumns)) return ""
  return owner === "user"
    ? "; it is the application's own, so create it, or name yours"
    : `; run the statements of schema("${name}") from "nightlatch/adapters/sql", or name yours`
}

function missing(owner: Owner, columns: Map<string, Column>): Problem {
  if (columns.size === 0) return absent
  const names = coreColumns[owner].filter((name) => !columns.has(name))
  return names.length > 0 ? `${withoutColumns}${names.map(quoted).join(", ")}` : null
}

function userIdProblem(columns: Map<string, Column>, userIdType: UserIdType | undefined, dialect: Dialect): Problem {
  const id = columns.get("id")
  if (!id) return null
  const found = dialect.userIdType(id)
  if (userIdType === undefined && found === null)
    return `has ids of the type ${typeOf(id)}, which the adapter does not convert; make the column "id" ${dialect.words.id}, a UUID type or an integer`
  if (userIdType === undefined || found === null || isLike(userIdType, found)) return null
  // Databases compare text with integers as numbers, so that "5.0" would be user 5.
  return `has ids of the type ${typeOf(id)}, where userIdType is "${userIdType}"; leave the option userIdType out`
}

/** An integer column holds numbers or bigints, a text column any text or UUIDs. */
function isLike(chosen: UserIdType, found: UserIdType): boolean {
  if (chosen === "bigint") return found === "integer"
  return chosen === found || (chosen === "uuid" && found === "text")
}

function sessionProblem(catalogue: Catalogue, dialect: Dialect, userIdType: UserIdType | undefined): Problem {
  const { session } = catalogue
  return (
    idProblem(session, dialect, sessionIdLength) ??
    ownerProblem(catalogue, "session", dialect, userIdType) ??
    timeProblem(session.get("created_at"), dialect) ??
    timeProblem(session.get("expires_at"), dialect)
  )
}

function idProblem(columns: Map<string, Column>, dialect: Dialect, length: number | null): Problem {
  const id = columns.get("id")
  if (!id) return null
  const isShort = length !== null && id.size !== null && id.size < length
  const wrong = isShort
    ? `holds ${id.size} characters, and a session's id has ${length}`
    : dialect.idProblem(id, length)
  return wrong === null ? null : unfit(id, wrong, dialect.words.id)
}

/** A row's `user_id` must be comparable with the user's `id`, and exactly. */
function ownerProblem(
  { user, ...others }: Catalogue,
  owner: "session" | "key",
  dialect: Dialect,
  userIdType: UserIdType | undefined,
): Problem {
  const [id, userId] = [user.get("id"), others[owner].get("user_id")]
  if (!id || !userId) return null
  const [wanted, found] = [dialect.userIdType(id), dialect.userIdType(userId)]
  const wrong = found === "text" ? dialect.idProblem(userId, null) : null
  if (wrong !== null) return unfit(userId, wrong, dialect.words.id)
  if (wanted === "text" && found === "uuid" && userIdType === "uuid") return null
  if (wanted === null || found === wanted || (dialect.name === "mysql" && found === "text" && wanted === "uuid"))
    return null
  const instead = wanted === "text" ? dialect.words.id : typeOf(id)
  return unfit(userId, `has the type ${typeOf(userId)}, and the user's "id" ${typeOf(id)}`, instead)
}

function timeProblem(column: Column | undefined, { holdsTime, words }: Dialect): Problem {
  if (!column || holdsTime(column)) return null
  return unfit(column, `has the type ${typeOf(column)}`, `${words.time}, for milliseconds since 1970`)
}

function unfit({ name }: Column, problem: string, instead: string): string {
  return `cannot be used, because its column "${name}" ${problem}; make it ${instead}`
}

function typeOf({ type, size }: Column): string {
  return size === null ? type : `${type}(${size})`
}
