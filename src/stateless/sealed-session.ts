import type { UserId } from "../core/ports.ts"
import { toHex } from "../platform/encoding.ts"
import { readJson, readTime, readUserId, timeBytes, writeJson, writeTime, writeUserId } from "./payload.ts"

/** A session as its token contains it. */
export interface SealedSession {
  /** 32 lower-case hex digits: 128 random bits. */
  id: string
  userId: UserId
  createdAt: Date
  expiresAt: Date
  /** How often the user's sessions had been ended in that period when this one was created. */
  generation: number
  attributes: object
}

type Written = [userId: string | number | [string], attributes?: object, generation?: number]

/** The length of an id. */
export const idBytes = 16
const expiresAtByte = idBytes + timeBytes
const headBytes = expiresAtByte + timeBytes

/** Writes a new session, with an id of zeros, after `room` bytes. */
export function writeSession(session: Omit<SealedSession, "id">, room = 0): Uint8Array<ArrayBuffer> {
  const { userId, createdAt, expiresAt, generation, attributes } = session
  const written: Written = [writeUserId(userId)]
  if (generation > 0 || Object.keys(attributes).length > 0) written.push(attributes)
  if (generation > 0) written.push(generation)
  const bytes = writeJson(room + headBytes, written)
  writeTime(bytes, room + idBytes, createdAt.getTime())
  writeTime(bytes, room + expiresAtByte, expiresAt.getTime())
  return bytes
}

/** Reads the id of a session. */
export function readId(bytes: Uint8Array): string {
  return toHex(bytes.subarray(0, idBytes))
}

/** Returns the same session with another deadline. */
export function withDeadline(bytes: Uint8Array, expiresAt: Date): Uint8Array {
  const copy = bytes.slice()
  writeTime(copy, expiresAtByte, expiresAt.getTime())
  return copy
}

/** Reads the result of {@link writeSession}. It was sealed, so nobody else can have written it. */
export function readSession(bytes: Uint8Array): SealedSession {
  const [userId, attributes = {}, generation = 0] = readJson(bytes, headBytes) as Written
  return {
    id: readId(bytes),
    userId: readUserId(userId),
    createdAt: readTime(bytes, idBytes),
    expiresAt: readTime(bytes, expiresAtByte),
    generation,
    attributes,
  }
}

/** Returns whether a value is shaped like the id of a stateless session. */
export function isStatelessId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value)
}
