import { AuthError } from "../../src/core/errors.ts"
import type { FeatureTable, NamedTable, OwnedTable, TableOwner } from "../port/names.ts"
import { maxPasskeyIdBytes } from "../port/passkey-port.ts"
import { quoted } from "../port/names.ts"
import type { UserIdType } from "../port/user-ids.ts"
import type { Catalogue } from "./catalogue.ts"
import { coreColumns } from "./catalogue.ts"
import type { Column, Dialect } from "./dialect.ts"

/** Why a table is unusable and what to write instead; `null` if it is usable. */
export type Problem = string | null

// The length of a SHA-256 in hex: the ids of sessions, tokens and throttled keys.
const hashLength = 64

/** Returns the type of user ids: the developer's choice, otherwise the type that fits the column. */
export function userIdTypeOf({ user }: Catalogue, dialect: Dialect, userIdType: UserIdType | undefined): UserIdType {
  const id = user.get("id")
  return userIdType ?? (id && dialect.userIdType(id)) ?? "text"
}

/** Explains for each table why it is unusable. */
export function problemsOf(
  catalogue: Catalogue,
  dialect: Dialect,
  userIdType: UserIdType | undefined,
): Record<TableOwner, Problem> {
  const { user, session, key, token, attempt, totp, passkey, event } = catalogue
  const owned = (owner: OwnedTable) => ownerProblem(catalogue, owner, dialect, userIdType)
  const id = (owner: NamedTable) => idProblem(catalogue[owner], owner, dialect)
  const time = (column: Column | undefined) => timeProblem(column, dialect)
  const sessionTimes = () => time(session.get("created_at")) ?? time(session.get("expires_at"))
  const passkeyTimes = () => time(passkey.get("created_at")) ?? time(passkey.get("used_at"))
  const count = (column: Column | undefined) => countProblem(column, dialect)
  return {
    user: missing("user", user) ?? userIdProblem(user, userIdType, dialect),
    session: missing("session", session) ?? id("session") ?? owned("session") ?? sessionTimes(),
    key: missing("key", key) ?? id("key") ?? owned("key"),
    token: missing("token", token) ?? id("token") ?? owned("token") ?? time(token.get("expires_at")),
    attempt: missing("attempt", attempt) ?? id("attempt") ?? time(attempt.get("until")),
    totp: missing("totp", totp) ?? owned("totp") ?? time(totp.get("created_at")),
    passkey:
      missing("passkey", passkey) ??
      id("passkey") ??
      owned("passkey") ??
      count(passkey.get("sign_count")) ??
      passkeyTimes(),
    event: missing("event", event) ?? id("event") ?? owned("event") ?? time(event.get("at")),
  }
}

/** Creates the error of an unusable table. */
export function unusableTable(owner: TableOwner, name: string, problem: string, dialect: Dialect): AuthError {
  return new AuthError("invalid_option", `tables.${owner}: "${name}" ${problem}${remedyOf(owner, problem, dialect)}`)
}

// The names of the features in the option `include` of `schema()`.
const featureOf: Record<FeatureTable, string> = {
  token: "tokens",
  attempt: "throttle",
  totp: "totp",
  passkey: "passkeys",
  event: "audit",
}

const absent = "does not exist"
const withoutColumns = "has no column "

function remedyOf(owner: TableOwner, problem: string, { name }: Dialect): string {
  if (problem !== absent && !problem.startsWith(withoutColumns)) return ""
  if (owner === "user") return "; it is the application's own, so create it, or name yours"
  const include = owner === "session" || owner === "key" ? "" : `, { include: ["${featureOf[owner]}"] }`
  return `; run the statements of schema("${name}"${include}) from "nightlatch/adapters/sql", or name yours`
}

function missing(owner: TableOwner, columns: Map<string, Column>): Problem {
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
  // Databases compare text with integers as numbers, so "5.0" would match user 5.
  return `has ids of the type ${typeOf(id)}, where userIdType is "${userIdType}"; leave the option userIdType out`
}

/** Returns whether the types match: an integer column holds numbers or bigints, a text column any text or UUIDs. */
function isLike(chosen: UserIdType, found: UserIdType): boolean {
  if (chosen === "bigint") return found === "integer"
  return chosen === found || (chosen === "uuid" && found === "text")
}

function idProblem(columns: Map<string, Column>, owner: NamedTable, dialect: Dialect): Problem {
  const id = columns.get("id")
  if (!id) return null
  const { name, length, isFixed, word = "id" } = idsOf[owner]
  const isShort = length !== null && id.size !== null && id.size < length
  const wrong = isShort
    ? `holds ${id.size} characters, and ${name} has ${isFixed ? "" : "up to "}${length}`
    : dialect.idProblem(id, isFixed ? length : null)
  return wrong === null ? null : unfit(id, wrong, dialect.words[word])
}

/** The ids of a table. `length` is the length of all ids, or of the longest, if it matters. */
interface Ids {
  name: string
  length: number | null
  isFixed: boolean
  /** The type to write for them. */
  word?: "id" | "passkeyId"
}

const hashes = { length: hashLength, isFixed: true }

const idsOf: Record<NamedTable, Ids> = {
  session: { name: "a session's id", ...hashes },
  key: { name: "a key's id", length: null, isFixed: false },
  token: { name: "a token's id", ...hashes },
  attempt: { name: "the id of a throttled key", ...hashes },
  passkey: { name: "a passkey's id", length: maxPasskeyIdBytes, isFixed: false, word: "passkeyId" },
  event: { name: "an event's id", ...hashes },
}

/** A row's `user_id` must be exactly comparable with the user's `id`. */
function ownerProblem(
  { user, ...others }: Catalogue,
  owner: OwnedTable,
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

function countProblem(column: Column | undefined, { holdsTime, words }: Dialect): Problem {
  if (!column || holdsTime(column)) return null
  return unfit(column, `has the type ${typeOf(column)}`, `${words.time}, for counters up to 4,294,967,295`)
}

function unfit({ name }: Column, problem: string, instead: string): string {
  return `cannot be used, because its column "${name}" ${problem}; make it ${instead}`
}

function typeOf({ type, size }: Column): string {
  return size === null ? type : `${type}(${size})`
}
