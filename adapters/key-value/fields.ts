import { AuthError } from "../../src/core/errors.ts"
import { isDate } from "../../src/platform/realm.ts"
import type { SessionRecord, UserId } from "../../src/core/ports.ts"
import { quoted } from "../port/names.ts"
import { timeOf } from "../port/parameters.ts"
import type { NewSession, SessionRows } from "../port/session-port.ts"
import type { UserIds, UserIdType } from "../port/user-ids.ts"
import { impossibleUser } from "../port/user-ids.ts"

/** Options of the adapters for key-value stores. */
export interface KeyValueOptions {
  /**
   * The prefix of every key. Default: `"nightlatch:"`. Give each environment and each application its own. Those that
   * use one server with the same prefix share their sessions: a sign-in to staging is valid in production.
   */
  prefix?: string | undefined
  /** The type of the user table's `id`. Default: `"text"`. */
  userIdType?: UserIdType | undefined
}

/** A session as text: `u` is its user, `c` and `e` are its times in milliseconds, and `a:<name>` is one attribute. */
export type Fields = Record<string, string>

const attribute = "a:"

/** A session to insert into a key-value store. */
export type NewFields = NewSession<string, Fields>

/** How the sessions of key-value stores are encoded. */
export const keyValueEncoding: Pick<
  SessionRows<{ ids: UserIds }, string, Fields, never, object>,
  "encodeUser" | "encodeAttributes" | "impossibleUser"
> = {
  encodeUser: ({ ids }, id) => encodeUserId(id, ids),
  encodeAttributes: (_, attributes) =>
    Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [attributeField(name), encodeValue(name, value)]),
    ),
  // A key-value store does not know the users, so no user is missing.
  impossibleUser,
}

/** Returns the field name of an attribute. Throws `invalid_option` for an invalid name. */
export function attributeField(name: string): string {
  return attribute + checkedAttribute(name)
}

/** Returns whether an attribute is null, or was never set. */
export function isUnset(fields: Fields, name: string): boolean {
  const value = fields[attributeField(name)]
  return value === undefined || value === "null"
}

/** Sorts sessions by creation time, newest first. */
export function newestFirst<SessionRow>(sessions: SessionRecord<SessionRow>[]): SessionRecord<SessionRow>[] {
  return sessions.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
}

/** Creates the error for a session whose id is already taken. */
export function takenId(): AuthError {
  return new AuthError("store_failed", "The session id is taken: make a new one.")
}

/** Reads a session back; `null` for anything that was not written as a session. */
export function readFields<SessionRow>(id: string, fields: Fields, ids: UserIds): SessionRecord<SessionRow> | null {
  const userId = decodeUserId(fields.u, ids)
  const [createdAt, expiresAt] = [readTime(fields.c), readTime(fields.e)]
  const attributes = readAttributes(fields)
  if (userId === undefined || !createdAt || !expiresAt || !attributes) return null
  return { id, userId, createdAt, expiresAt, attributes: attributes as SessionRow }
}

/** Writes a user id as text; `null` if no user can have it. */
export function encodeUserId(id: UserId, ids: UserIds): string | null {
  const encoded = ids.encode(id)
  return encoded === null ? null : String(encoded)
}

/** Reads a user id back; `undefined` for anything that was not written as a user id. */
export function decodeUserId(text: string | undefined, ids: UserIds): UserId | undefined {
  if (text === undefined || (!isTextual(ids) && !/^-?\d+$/.test(text))) return undefined
  const id = ids.decode(text)
  return encodeUserId(id, ids) === text ? id : undefined
}

function isTextual({ type }: UserIds): boolean {
  return type === "text" || type === "uuid"
}

/** Reads milliseconds since 1970; `null` for anything else. */
export function readTime(text: string | undefined): Date | null {
  const time = new Date(text !== undefined && /^-?\d+$/.test(text) ? Number(text) : NaN)
  return Number.isNaN(time.getTime()) ? null : time
}

function readAttributes(fields: Fields): Record<string, unknown> | null {
  try {
    const names = Object.keys(fields).filter((name) => name.startsWith(attribute))
    return Object.fromEntries(names.map((name) => [name.slice(attribute.length), decodeValue(fields[name] ?? "")]))
  } catch {
    // Truncated, or written by something else: not a session.
    return null
  }
}

function checkedAttribute(name: string): string {
  if (name !== "__proto__" && name.isWellFormed()) return name
  throw new AuthError(
    "invalid_option",
    `attributes: ${quoted(name)} cannot be a name; use well-formed text other than "__proto__"`,
  )
}

// No JSON starts with either letter.
function encodeValue(name: string, value: unknown): string {
  if (typeof value === "bigint") return `B${value}`
  if (isDate(value)) return `D${timeOf(value)}`
  try {
    return JSON.stringify(value, onlyJson)
  } catch (cause) {
    const message = `attributes: ${quoted(name)} does not fit into JSON; use a Date or a bigint only as the attribute itself`
    throw new AuthError("invalid_option", message, { cause })
  }
}

function decodeValue(text: string): unknown {
  if (text.startsWith("B")) return BigInt(text.slice(1))
  if (text.startsWith("D")) return new Date(Number(text.slice(1)))
  return JSON.parse(text)
}

/** Rejects values that JSON would silently drop or change. It sees the value before `toJSON()` is called. */
function onlyJson(this: unknown, key: string, value: unknown): unknown {
  const original: unknown = Reflect.get(Object(this), key)
  if (original === undefined ? Array.isArray(this) : !isJson(original)) throw new TypeError(`not JSON: ${typeof value}`)
  return value
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true
  if (typeof value === "number") return Number.isFinite(value)
  return typeof value === "object" && (Array.isArray(value) || isPlainObject(value))
}

// Checked by shape, not by our `Object`: a value may come from another realm.
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
