import { fromBase64, fromHex } from "../../platform/encoding.ts"
import { toBase32 } from "../../platform/crypto.ts"
import { equalBytes, toUtf8 } from "../../platform/bytes.ts"
import { isBuffer, isBytes } from "../../platform/realm.ts"
import type { SessionRecord } from "../../core/ports.ts"
import { hashToken } from "../../core/session-token.ts"

/** An old token of a browser, and its replacement. */
export interface OldToken {
  /** The new token that replaces it. */
  token: string
  /** The id of the session with that token. */
  id: string
  /** The ids under which its row may still be stored, all of one session. */
  oldIds: string[]
  /** The secret whose hash must be the row's `secret_hash`, if the id alone proves nothing. */
  secret?: string
}

// Lucia v3 generated ids of [a-z2-7], v2 of [a-z0-9], both with 40 characters.
const luciaShape = /^[a-z0-9]{40}$/
// Base32 without `l` and `o`, one character per random byte: the ids and text secrets of the code on Lucia's site.
const plainId = "[a-kmnp-z2-9]"
// 32 bytes in base64 with all spare bits 0, so that a secret has one spelling.
const splitShape = new RegExp(
  `^(${plainId}{16})\\.([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)$|^(${plainId}{24})\\.(${plainId}{24})$`,
)
const splitIdShape = new RegExp(`^${plainId}{16}(${plainId}{8})?$`)
// Lucia's have 40, so ours are rejected immediately. The longest has 16, a dot, and 44 that may all be escaped.
const [minLength, maxLength] = [40, 149]

/** Reads a token of Lucia v2 or v3, or of the code on Lucia's site; `null` for anything else, without hashing it. */
export function readOldToken(value: unknown): OldToken | null {
  if (typeof value !== "string" || value.length < minLength || value.length > maxLength) return null
  if (luciaShape.test(value)) return { ...replacementOf(value), oldIds: [hashToken(value), value] }
  const text = unescaped(value)
  const [, longId, longSecret, shortId, shortSecret] = splitShape.exec(text) ?? []
  const [id, secret] = [longId ?? shortId, longSecret ?? shortSecret]
  if (id === undefined || secret === undefined) return null
  return { ...replacementOf(text), oldIds: [id], secret }
}

/** Returns whether a session id is the public half of an `id.secret` token. */
export function isSplitId(id: unknown): id is string {
  return typeof id === "string" && splitIdShape.test(id)
}

/** Returns whether a token opens the session found under one of its old ids. */
export async function opens({ secret }: OldToken, { attributes }: SessionRecord): Promise<boolean> {
  if (secret === undefined) return true
  const stored = readHash(Object.entries(attributes).find(([name]) => isSecretHash(name))?.[1])
  if (!stored) return false
  const hashes = await Promise.all(meanings(secret).map(digest))
  return hashes.map((hash) => equalBytes(hash, stored)).includes(true)
}

/** Returns the session's own columns, without the hash of a secret that is no longer valid. */
export function withoutSecretHash<Row extends object>(attributes: Row): Row {
  const columns = Object.entries(attributes).filter(([name]) => !isSecretHash(name))
  // The adapter sets an omitted column to its value in a new row.
  return Object.fromEntries(columns) as Row
}

// All requests with the old token get the same replacement. Concurrent requests, and those whose response cannot set a
// cookie, therefore reach one session. Someone who has read the table knows at most another hash of the token, which is
// useless.
function replacementOf(old: string): { token: string; id: string } {
  const token = toBase32(fromHex(hashToken(`nightlatch/lucia token:${old}`)).slice(0, 20))
  return { token, id: hashToken(token) }
}

// Some frameworks escape base64 characters in a cookie.
function unescaped(value: string): string {
  return value.replace(/%2B/gi, "+").replace(/%2F/gi, "/").replace(/%3D/gi, "=")
}

function isSecretHash(name: string): boolean {
  return name === "secret_hash" || name === "secretHash"
}

// Drivers return bytes in several forms, and JSON stores have them as hex.
function readHash(value: unknown): Uint8Array | null {
  if (isBytes(value)) return value
  if (isBuffer(value)) return new Uint8Array(value)
  if (Array.isArray(value)) return Uint8Array.from(value as unknown[], Number)
  const [, hex] = /^(?:\\x)?([0-9a-f]{64})$/i.exec(String(value)) ?? []
  return hex === undefined ? null : fromHex(hex)
}

// Some of that code hashed the secret's text, some the bytes that it encodes.
function meanings(secret: string): Uint8Array<ArrayBuffer>[] {
  return [toUtf8(secret), ...(secret.endsWith("=") ? [fromBase64(secret)] : [])]
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
}
