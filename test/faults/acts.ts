import { isAuthError } from "../../src/core/errors.ts"
import type { ManualClock } from "../../src/testing/manual-clock.ts"
import type { World } from "./world.ts"

/** One thing that an actor does, while others do theirs. The numbers choose what it concerns. */
export interface Act {
  name: ActName
  a: number
  b: number
}

export type ActName = keyof typeof acts

/** When something began and ended, in the order of all that happened. */
interface Span {
  began: number
  ended: number
}

/** A session that was handed out. */
export interface HandedOut extends Span {
  token: string
  id: string
  /** The password or link that it was made by. */
  by: string
}

/** What has happened on a stage: what the invariants are about. */
export interface Stage {
  world: World
  clock: ManualClock
  userId: string
  username: string
  /** Sessions that were handed out, the first ones included. */
  sessions: HandedOut[]
  /** Which sessions were revoked: those of these ids, or all that began before. */
  revoked: (Span & { covers(session: HandedOut): boolean })[]
  /** Validations that found a session. */
  found: (Span & { id: string })[]
  links: string[]
  codes: { handle: string; code: string }[]
  pendings: { pending: string; by: string }[]
  /** How often each link, code and pending sign-in was accepted, and each session ended or replaced. */
  accepted: Map<string, number>
  wrongTries: Map<string, number>
  allowedAttempts: number
  passwords: (Span & { password: string })[]
  isDeleted: boolean
  tick(): number
}

const password = "correct horse battery"

/** A stage with one user who is signed in twice, two links, a code and a sign-in that waits for its second factor. */
export async function openStage(world: World, clock: ManualClock): Promise<Stage> {
  let time = 0
  const username = "ada"
  const key = { providerId: "username", providerUserId: username, password }
  const created = await world.users.createUser({ key, attributes: { username } })
  if (!created.user) throw new Error("No user was made.")
  const userId = created.user.id
  const stage: Stage = {
    world,
    clock,
    userId,
    username,
    sessions: [],
    revoked: [],
    found: [],
    links: [],
    codes: [],
    pendings: [],
    accepted: new Map(),
    wrongTries: new Map(),
    allowedAttempts: 0,
    passwords: [{ password, began: 0, ended: 0 }],
    isDeleted: false,
    tick: () => ++time,
  }
  await acts.signIn(stage, 0)
  await acts.signIn(stage, 0)
  await acts.createLink(stage)
  await acts.createCode(stage)
  world.enrolled.add(userId)
  await acts.signIn(stage, 0)
  world.enrolled.delete(userId)
  // Half of the idle timeout, so that validating a session writes.
  clock.advance(1_800_000 - 1)
  clock.advance(1)
  stage.links.push(await world.tokens.createToken({ purpose: "link", userId }))
  return stage
}

/** Plays an act. A user or a session that is gone by then is nothing to complain of. */
export async function play(stage: Stage, { name, a, b }: Act): Promise<void> {
  try {
    await acts[name](stage, a, b)
  } catch (error) {
    if (!isAuthError(error) || error.code !== "user_missing") throw error
  }
}

const passwords = [password, "a different horse battery"]

/** All that actors do. */
const acts = {
  async signIn(stage: Stage, a: number) {
    const { world, username } = stage
    const typed = passwords[a % passwords.length]!
    const began = stage.tick()
    const attempt = { providerId: "username", providerUserId: username, password: typed }
    const begun = await world.users.signInWithPassword(world.door, attempt)
    const by = `password ${typed}`
    if (begun?.session) handOut(stage, { ...begun.session, token: begun.token }, began, by)
    if (begun?.pending) stage.pendings.push({ pending: begun.pending, by })
  },

  async signInByLink(stage: Stage, a: number) {
    const link = pick(stage.links, a)
    if (!link) return
    const began = stage.tick()
    const used = await stage.world.tokens.consumeToken(link, "link")
    if (!used?.proof) return
    accept(stage, link)
    const begun = await unlessVoid(stage.world.door.beginSignIn(used.proof))
    if (begun?.session) handOut(stage, { ...begun.session, token: begun.token }, began, "link")
  },

  async tryCode(stage: Stage, a: number, b: number) {
    const made = pick(stage.codes, a)
    if (!made) return
    const isRight = b % 2 === 0
    const code = isRight ? made.code : made.code.replace(/^./, (digit) => String((Number(digit) + 1) % 10))
    const wrongBefore = stage.wrongTries.get(made.handle) ?? 0
    const used = await stage.world.tokens.consumeCode({ handle: made.handle, code, purpose: "link" })
    if (used) accept(stage, made.handle)
    if (used && wrongBefore >= 5) accept(stage, made.handle)
    if (!isRight) stage.wrongTries.set(made.handle, (stage.wrongTries.get(made.handle) ?? 0) + 1)
  },

  async finish(stage: Stage, a: number, b: number) {
    const begun = pick(stage.pendings, a)
    if (!begun) return
    const { pending, by } = begun
    const { world, userId } = stage
    world.enrolled.add(userId)
    const began = stage.tick()
    const finished = await world.door.finishSignIn(pending, async (id) => (b % 3 ? world.prove(id) : null))
    if (!finished) return
    accept(stage, pending)
    handOut(stage, { ...finished.session, token: finished.token }, began, by)
  },

  async validate(stage: Stage, a: number) {
    const session = pick(stage.sessions, a)
    if (!session) return
    const began = stage.tick()
    const result = await stage.world.auth.validateSession(session.token)
    if (result.session) stage.found.push({ id: session.id, began, ended: stage.tick() })
  },

  async rotate(stage: Stage, a: number) {
    const session = pick(stage.sessions, a)
    if (!session) return
    const began = stage.tick()
    const result = await stage.world.auth.rotateSession(session.token)
    if (!result) return
    // If a rotation and a sign-out meet at one session, one of them finds it.
    accept(stage, session.id)
    revoke(stage, began, ({ id }) => id === session.id)
    handOut(stage, { ...result.session, token: result.token }, session.began, session.by)
  },

  async signOut(stage: Stage, a: number) {
    const session = pick(stage.sessions, a)
    if (!session) return
    const began = stage.tick()
    if (await stage.world.auth.invalidateSession(session.id)) accept(stage, session.id)
    revoke(stage, began, ({ id }) => id === session.id)
  },

  async signOutEverywhere(stage: Stage) {
    const began = stage.tick()
    await stage.world.auth.invalidateUserSessions(stage.userId)
    // Sessions that were handed out before.
    revoke(stage, began, (session) => session.ended < began)
  },

  async changePassword(stage: Stage, a: number) {
    const began = stage.tick()
    const next = passwords[a % passwords.length]!
    const { updated } = await stage.world.users.updateUserPassword({ userId: stage.userId, password: next })
    if (!updated) return
    stage.passwords.push({ password: next, began, ended: stage.tick() })
    revoke(stage, began, (session) => session.ended < began)
  },

  async deleteUser(stage: Stage, a: number, b: number) {
    if ((a + b) % 3) return
    await stage.world.users.deleteUser(stage.userId)
    stage.isDeleted = true
  },

  async createLink(stage: Stage) {
    stage.links.push(await stage.world.tokens.createToken({ purpose: "link", userId: stage.userId }))
  },

  async createCode(stage: Stage) {
    stage.codes.push(await stage.world.tokens.createCode({ purpose: "link", userId: stage.userId }))
  },

  async takeAttempts(stage: Stage) {
    for (let n = 0; n < 3; n++) {
      const { allowed } = await stage.world.throttle.consume({ account: "ada" })
      if (allowed) stage.allowedAttempts++
    }
  },

  async cleanUp(stage: Stage) {
    await stage.world.auth.deleteExpiredSessions()
    await stage.world.tokens.cleanUp()
  },
} satisfies Record<string, (stage: Stage, a: number, b: number) => Promise<void>>

export const actNames = Object.keys(acts) as ActName[]

function handOut(stage: Stage, { token, id }: { token: string; id: string }, began: number, by: string): void {
  stage.sessions.push({ token, id, by, began, ended: stage.tick() })
}

function revoke(stage: Stage, began: number, covers: (session: HandedOut) => boolean): void {
  const covered = new Set(stage.sessions.filter(covers))
  stage.revoked.push({ began, ended: stage.tick(), covers: (session) => covered.has(session) })
}

function accept({ accepted }: Stage, secret: string): void {
  accepted.set(secret, (accepted.get(secret) ?? 0) + 1)
}

/** What was proved may have been taken back between the proof and the session. */
async function unlessVoid<Result>(begun: Promise<Result>): Promise<Result | null> {
  try {
    return await begun
  } catch (error) {
    if (isAuthError(error) && error.code === "proof_void") return null
    throw error
  }
}

function pick<Item>(items: Item[], number: number): Item | undefined {
  return items[number % items.length]
}
