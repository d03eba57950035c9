import type { Emit } from "../core/events.ts"
import { checkOption } from "../core/options.ts"
import type { UserAdapter, UserId } from "../core/ports.ts"
import { hashText } from "../platform/crypto.ts"
import type { SessionSource } from "../proof/live-session.ts"
import type { TokenAdapter } from "../tokens/token-port.ts"
import { digestOf } from "./handles.ts"
import type { Handle, HandleKind, sealedHandles } from "./handles.ts"
import { handleLifetime } from "./limits.ts"
import type { PasskeyAdapter, PasskeyRecord } from "./passkey-port.ts"
import type { NewPasskey, Passkey, PasskeyAnswer, PasskeyDescriptor } from "./passkeys.ts"
import type { Expected, PasskeyVerifier } from "./verifier.ts"

/** The adapter of passkeys, which may make user ids. */
export type PasskeyStore = PasskeyAdapter & TokenAdapter & Partial<Pick<UserAdapter<object>, "generateUserId">>

/** What was verified of a new passkey. */
export interface Registration {
  key: Omit<PasskeyRecord, "name" | "createdAt" | "usedAt">
  isNewUser: boolean
}

/** What the parts of `createPasskeys()` share. */
export interface PasskeyParts {
  rpId: string
  rpName: string
  origins: readonly string[]
  verifier: PasskeyVerifier
  generateUserId: (() => UserId) | undefined
  /** Whose handles and proofs are made here. */
  realm: string
  /** What handles are sealed for, and their hashes are kept under. */
  purpose: string
  handles: ReturnType<typeof sealedHandles>
  /** What was verified, by the object that was returned for it: nothing else can be stored. */
  registrations: WeakMap<NewPasskey, Registration>
  auth: SessionSource | undefined
  emit: Emit
  now: () => number
}

/** Reads the user of a call; `null` if none is given. An id that was looked up and not found must not count as none. */
export function userIn(request: { userId?: UserId }): UserId | null {
  if (!("userId" in request)) return null
  const { userId } = request
  checkOption("userId", userId, userId != null, "is not a user id; use user.id, or leave it out for anyone")
  return userId!
}

/** Returns the id of a user for authenticators, which may show it and give it to anyone. */
export function handleOfUser(userId: UserId, { realm }: Pick<PasskeyParts, "realm">): string {
  return digestOf(`${realm}\0${userId}`)
}

/** Names a user's passkeys for the browser. */
export async function descriptorsOf(store: PasskeyStore, userId: UserId | null): Promise<PasskeyDescriptor[]> {
  const records = userId === null ? [] : await store.listPasskeys(userId)
  return records.map(({ id, transports }) => ({ type: "public-key", id, transports }))
}

/** Reads an answer, which may be any JSON of a visitor. `null` unless its handle is live and of one of these kinds. */
export async function readAnswer<Response>(
  { rpId, origins, handles }: PasskeyParts,
  answer: PasskeyAnswer,
  read: (response: unknown, expected: Expected) => Response | null,
  ...kinds: HandleKind[]
): Promise<[opened: Handle, expected: Expected, given: Response] | null> {
  const { handle, response } = Object(answer) as PasskeyAnswer
  const opened = await handles.open(handle, ...kinds)
  if (!opened) return null
  const expected = { rpId, origins, challenge: opened.challenge }
  const given = read(response, expected)
  return given && [opened, expected, given]
}

/** Records that a handle was used, if it was not: of racing callers one gets `true`. */
export async function useHandle(store: PasskeyStore, { purpose }: PasskeyParts, opened: Handle): Promise<boolean> {
  // A store that deletes by its own clock must not forget it while a server's clock still accepts the handle.
  const until = new Date(opened.expiresAt + handleLifetime)
  const id = hashText(`${purpose}\0${opened.text}`)
  return store.insertTokens([{ id, purpose: ":passkey", userId: null, expiresAt: until, attempts: 0, data: "" }])
}

/** Leaves out what only the server needs. */
export function toPasskey(record: PasskeyRecord): Passkey {
  const { id, userId, algorithm, backupEligible, backedUp, aaguid, transports, name, createdAt, usedAt } = record
  return { id, userId, algorithm, backupEligible, backedUp, aaguid, transports, name, createdAt, usedAt }
}
