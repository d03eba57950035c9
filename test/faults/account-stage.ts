import type { KeyName } from "../../src/core/ports.ts"
import type { ManualClock } from "../../src/testing/manual-clock.ts"
import { createAuthenticator } from "../passkeys/authenticator.ts"
import { appCode } from "../totp/set-up.ts"
import type { AccountWorld } from "./account-world.ts"

/** What the user has at first, besides a user name. */
export interface Opening {
  password: boolean
  email: boolean
  github: boolean
  app: boolean
  device: boolean
  codes: boolean
}

/** When something began and ended, in the order of all that happened. */
export interface Span {
  began: number
  ended: number
}

/** A session that was handed out. */
export interface HandedOut extends Span {
  token: string
  id: string
  /** The id of the session that it was rotated from, first of all. */
  root: string
  /** Such as `password horse`: what began the sign-in. */
  by: string
  /** Whether a second factor, or a passkey, was proved for it. */
  isStrong: boolean
}

/** A secret that was handed out. */
export interface Secret extends Span {
  text: string
}

/** A way to sign in that was asked for: a key by its name, an authenticator app by its secret, a passkey by its id. */
export interface Addition extends Span {
  kind: "key" | "app" | "device"
  id: string
  /** The session that asked, if one did. */
  by?: HandedOut | undefined
  isAdded: boolean
}

/** A password that was set, or `null` where one was taken away. */
export interface NewPassword extends Span {
  text: string | null
  /** `first`: with a key of a user without a password, which ends no sessions. */
  how: "first" | "change" | "reset"
  except?: HandedOut | undefined
}

/** What has happened on a stage: what the invariants are about. */
export interface AccountStage {
  world: AccountWorld
  clock: ManualClock
  opening: Opening
  userId: string
  names: KeyName[]
  /** The names of keys that are being added. */
  adding: Set<string>
  /** When a key was added with a password. */
  typed: Span[]
  /** By the new name of a key: the earlier one. */
  renamed: Map<string, string>
  sessions: HandedOut[]
  revoked: (Span & { covers(session: HandedOut): boolean })[]
  found: (Span & { id: string })[]
  /** When each secret was accepted, by its text. */
  accepted: Map<string, Span[]>
  passwords: NewPassword[]
  additions: Addition[]
  removals: (Span & { kind: Addition["kind"]; id?: string | undefined })[]
  resets: (Span & { except?: HandedOut | undefined; keep?: string | undefined; text?: string | null })[]
  /** What ends links and pending sign-ins. */
  endings: Span[]
  /** What was written to the column of the user's row, and whether that was acknowledged. */
  rowNames: (Span & { name: string; isSet: boolean })[]
  links: Secret[]
  moves: Secret[]
  codes: Secret[]
  pendings: (Secret & { by: string })[]
  apps: { secret: string; enrollment: string }[]
  devices: { authenticator: ReturnType<typeof createAuthenticator>; id: string }[]
  deletion: number | null
  tick(): number
  /** A number that was not there before. */
  next(): number
}

export const password = "correct horse battery"

/** A stage with one user, who is signed in twice. */
export async function openAccount(
  world: AccountWorld,
  early: AccountWorld,
  clock: ManualClock,
  opening: Opening,
): Promise<AccountStage> {
  let [time, number] = [0, 0]
  const name = { providerId: "username", providerUserId: "ada" }
  const key = opening.password ? { ...name, password } : name
  const created = await early.users.createUser({ key, attributes: { username: "ada" } })
  if (!created.user) throw new Error("No user was made.")
  const stage: AccountStage = {
    world,
    clock,
    opening,
    userId: created.user.id,
    names: [name],
    adding: new Set(),
    typed: [],
    renamed: new Map(),
    sessions: [],
    revoked: [],
    found: [],
    accepted: new Map(),
    passwords: opening.password ? [{ text: password, how: "change", began: 0, ended: 0 }] : [],
    additions: [],
    removals: [],
    resets: [],
    endings: [],
    rowNames: [{ name: "ada", isSet: true, began: 0, ended: 0 }],
    links: [],
    moves: [],
    codes: [],
    pendings: [],
    apps: [],
    devices: [],
    deletion: null,
    tick: () => ++time,
    next: () => ++number,
  }
  await furnish(stage, early)
  return stage
}

async function furnish(stage: AccountStage, early: AccountWorld): Promise<void> {
  const { opening, world, clock, userId } = stage
  for (let n = 0; n < 2; n++) {
    const link = await world.tokens.createToken({ purpose: "link", userId })
    const used = await world.tokens.consumeToken(link, "link")
    const begun = await world.door.beginSignIn(used!.proof!)
    handOut(stage, { ...begun.session!, token: begun.token! }, { began: stage.tick(), by: "link" })
  }
  const sessionId = stage.sessions[0]!.id
  if (opening.email) await addName(stage, "email", "ada@example.com")
  if (opening.github) await addName(stage, "github", "1")
  if (opening.codes) await keepCodes(stage, stage.tick(), await world.recovery.createCodes(userId))
  if (opening.app) {
    const { secret, enrollment } = await early.totp.enrollTotp({ userId, account: "ada" })
    await early.totp.confirmTotp({ userId, enrollment, code: appCode(secret, clock()), sessionId })
    stage.apps.push({ secret, enrollment })
    stage.additions.push({ kind: "app", id: secret, isAdded: true, began: stage.tick(), ended: stage.tick() })
  }
  if (opening.device) {
    const device = await register(stage)
    await world.passkeys.addPasskey(device!.newPasskey, { sessionId })
    stage.additions.push({ kind: "device", id: device!.id, isAdded: true, began: stage.tick(), ended: stage.tick() })
  }
  // Half of the idle timeout: whoever validates a session writes. And codes of the app are good once more.
  clock.advance(1_800_000)
}

async function addName(stage: AccountStage, providerId: string, providerUserId: string): Promise<void> {
  await stage.world.users.createKey({ userId: stage.userId, providerId, providerUserId })
  stage.names.push({ providerId, providerUserId })
  const id = idOf({ providerId, providerUserId })
  stage.additions.push({ kind: "key", id, isAdded: true, began: stage.tick(), ended: stage.tick() })
}

/** What a browser with a new passkey sends. */
export async function register({ world, userId, devices }: AccountStage) {
  const authenticator = createAuthenticator({ counts: devices.length % 2 === 1 })
  const { options, handle } = await world.passkeys.registrationOptions({ userId, name: "ada" })
  const response = await authenticator.register(options)
  const newPasskey = await world.passkeys.verifyRegistration({ handle, response })
  if (!newPasskey) return null
  devices.push({ authenticator, id: newPasskey.id })
  return { newPasskey, id: newPasskey.id }
}

/** Remembers recovery codes. */
export function keepCodes(stage: AccountStage, began: number, codes: string[]): void {
  const ended = stage.tick()
  for (const text of codes.slice(0, 2)) stage.codes.push({ text, began, ended })
}

/** Remembers a session. */
export function handOut(
  stage: AccountStage,
  { token, id }: { token: string; id: string },
  { began, by, isStrong = false, root = id }: { began: number; by: string; isStrong?: boolean; root?: string },
): void {
  stage.sessions.push({ token, id, root, by, isStrong, began, ended: stage.tick() })
}

export function idOf({ providerId, providerUserId }: KeyName): string {
  return `${providerId}:${providerUserId}`
}
