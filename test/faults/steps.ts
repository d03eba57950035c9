import type { ManualClock } from "../../src/testing/manual-clock.ts"
import type { Model, ModelSession, ModelUser } from "./model.ts"
import {
  endSecrets,
  endSessions,
  forgetExpired,
  isLinkLive,
  isPendingLive,
  isSessionLive,
  newCode,
  newLink,
  newPending,
  newSession,
  rotated,
  takenAttempt,
  triedCode,
  triedPending,
  validated,
} from "./model.ts"
import { lifetimes, liveLinks } from "./world.ts"
import type { World } from "./world.ts"

/** One thing that somebody does. The numbers choose whom and what it concerns, and whether it is right. */
export interface Step {
  name: StepName
  a: number
  b: number
}

/** What a step is given: what is real, what it must be like, and the clock of both. */
export interface Scene {
  world: World
  model: Model
  clock: ManualClock
}

type Session = Pick<ModelSession, "id" | "methods">

/** Two values that must be equal: what happened, and what had to. */
type Outcome = readonly [actual: unknown, expected: unknown]

export type StepName = keyof typeof steps

const passwords = ["correct horse battery", "a different horse battery", "yet another horse battery"]
// In milliseconds: around each deadline, and most often half of the idle timeout, by which a session lives on.
const pauses = [
  1, 1000, 59_999, 60_000, 599_999, 600_000, 1_799_999, 1_800_000, 1_800_000, 1_800_000, 3_600_000, 86_400_000,
]
const nothing: Outcome = [null, null]

/** Runs a step on what is real and on the model. */
export async function runStep(scene: Scene, { name, a, b }: Step): Promise<Outcome> {
  return steps[name](scene, a, b)
}

/** All that can be done. */
export const steps = {
  async signUp({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const [name, password] = [`user-${a % 3}`, passwords[b % passwords.length]!]
    const key = { providerId: "username", providerUserId: name, password }
    const created = await world.users.createUser({ key, attributes: { username: name } })
    const isTaken = model.users.some((user) => user.name === name && !user.isGone)
    if (created.user) {
      model.users.push({ id: created.user.id, name, password, hasFactor: false, isGone: false })
    }
    return [created.reason ?? "created", isTaken ? "key_taken" : "created"]
  },

  async signIn({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const user = pick(model.users, a)
    if (!user) return nothing
    const password = passwords[b % passwords.length]!
    const attempt = { providerId: "username", providerUserId: user.name, password }
    const begun = await world.users.signInWithPassword(world.door, attempt)
    const owner = model.users.find((each) => each.name === user.name && !each.isGone)
    if (!owner || owner.password !== password) return [begun, null]
    if (owner.hasFactor) {
      if (begun?.pending) newPending(model, owner, begun.pending)
      return [begun?.pending ? begun.factors : begun, ["totp"]]
    }
    if (begun?.session) newSession(model, owner, madeOf(begun))
    return [begun?.session?.userId, owner.id]
  },

  async finishSignIn({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    // Most often the newest one, so that its tries come to an end.
    const pending = pick(model.pendings, a >> 2)
    if (!pending) return nothing
    const isRight = b % 4 === 0
    const verify = async (userId: string) => (isRight ? world.prove(userId) : null)
    const finished = await world.door.finishSignIn(pending.pending, verify)
    // If the factor was removed in the meantime, its proof no longer holds.
    const isAccepted = triedPending(model, pending, isRight) && pending.user.hasFactor
    if (finished) newSession(model, pending.user, madeOf(finished))
    return [finished?.session.methods, isAccepted ? ["password", "totp"] : undefined]
  },

  async peekSignIn({ world, model }: Scene, a: number): Promise<Outcome> {
    const pending = pick(model.pendings, a)
    if (!pending) return nothing
    const found = await world.door.peekSignIn(pending.pending)
    return [found?.userId, isPendingLive(model, pending) ? pending.user.id : undefined]
  },

  async useFactor({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const user = pick(model.users, a)
    if (!user) return nothing
    user.hasFactor = b % 2 === 0
    if (user.hasFactor) world.enrolled.add(user.id)
    else world.enrolled.delete(user.id)
    return nothing
  },

  async validate({ world, model }: Scene, a: number): Promise<Outcome> {
    const session = pick(model.sessions, a)
    if (!session) return nothing
    const result = await world.auth.validateSession(session.token)
    const expected = validated(model, session)
    return [
      result.session && [result.user.id, result.session.expiresAt.getTime(), result.session.methods],
      expected && [
        session.user.id,
        Math.min(expected.expiresAt, session.createdAt + lifetimes.absolute),
        session.methods,
      ],
    ]
  },

  async rotate({ world, model }: Scene, a: number): Promise<Outcome> {
    const session = pick(model.sessions, a)
    if (!session) return nothing
    const isLive = isSessionLive(model, session)
    const result = await world.auth.rotateSession(session.token)
    if (result) rotated(model, session, madeOf(result))
    return [result !== null, isLive]
  },

  async elevate({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const session = pick(model.sessions, a)
    const prover = pick(model.users, b)
    if (!session || !prover) return nothing
    const isOwn = session.user === prover && isSessionLive(model, session) && prover.hasFactor
    // Whoever looks at a session uses it, whatever the proof is worth.
    validated(model, session)
    const result = await world.door.elevate({ sessionToken: session.token, proof: world.prove(prover.id) })
    if (result) rotated(model, session, madeOf(result))
    // A proof that no longer holds ends the session that was elevated by it.
    else if (session.user === prover && isSessionLive(model, session)) session.isOver = true
    return [result !== null, isOwn]
  },

  async signOut({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const session = pick(model.sessions, a)
    const user = pick(model.users, b)
    if (!session || !user) return nothing
    const isDone = await world.auth.invalidateSession(session.id, { userId: user.id })
    // An expired row still exists, so ending it is a correct answer.
    const isThere = !session.isOver && !session.user.isGone && session.user === user
    if (isDone) session.isOver = true
    return [isDone, isThere]
  },

  async signOutEverywhere({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const user = pick(model.users, a)
    if (!user) return nothing
    const except = b % 2 ? pick(model.sessions, b)?.id : undefined
    await world.auth.invalidateUserSessions(user.id, { except })
    endSessions(model, user, except)
    return nothing
  },

  async listSessions({ world, model }: Scene, a: number): Promise<Outcome> {
    const user = pick(model.users, a)
    if (!user) return nothing
    const listed = (await world.auth.getUserSessions(user.id)).map(({ id }) => id)
    const live = model.sessions.filter((session) => session.user === user && isSessionLive(model, session))
    return [listed.sort(), live.map(({ id }) => id).sort()]
  },

  async changePassword({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const user = pick(model.users, a)
    if (!user) return nothing
    const [password, except] = [passwords[b % passwords.length]!, b % 2 ? pick(model.sessions, b)?.id : undefined]
    const changed = await world.users.updateUserPassword({ userId: user.id, password }, { except })
    if (!user.isGone) {
      user.password = password
      endSessions(model, user, except)
      endSecrets(model, user)
    }
    return [changed.reason, user.isGone ? "key_missing" : undefined]
  },

  async resetAccess({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const user = pick(model.users, a)
    if (!user || user.isGone) return nothing
    const [keep] = await world.users.getUserKeys(user.id)
    const password = passwords[b % passwords.length]!
    const result = await world.users.resetAccess({ userId: user.id, keep, password })
    user.password = password
    endSessions(model, user)
    endSecrets(model, user)
    return [result.reset, true]
  },

  async deleteUser({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const user = pick(model.users, a)
    // Rarely, because otherwise no user would be left.
    if (!user || b % 4 > 0) return nothing
    await world.users.deleteUser(user.id)
    user.isGone = true
    return nothing
  },

  async createLink({ world, model, clock }: Scene, a: number, b: number): Promise<Outcome> {
    const user = livingUser(model, a)
    if (!user) return nothing
    // Either of two links from the same millisecond may be the older one.
    model.now = clock.advance(1)
    const purpose = b % 2 ? ("link" as const) : ("other" as const)
    const token =
      purpose === "link"
        ? await world.tokens.createToken({ purpose, userId: user.id })
        : await world.tokens.createToken({ purpose, userId: user.id, data: { to: user.name } })
    newLink(model, { token, purpose, user })
    return nothing
  },

  async peekLink({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    // One more than there may be live ones.
    const link = pick(model.links, a, liveLinks + 1)
    if (!link) return nothing
    const purpose = b % 2 ? ("link" as const) : ("other" as const)
    const found = await world.tokens.peekToken(link.token, purpose)
    return [found?.userId, purpose === link.purpose && isLinkLive(model, link) ? link.user.id : undefined]
  },

  async consumeLink({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const link = pick(model.links, a, liveLinks + 1)
    if (!link) return nothing
    const purpose = b % 2 ? ("link" as const) : ("other" as const)
    const used = await world.tokens.consumeToken(link.token, purpose)
    const isRight = purpose === link.purpose
    const isLive = isRight && isLinkLive(model, link)
    if (isRight) link.isOver = true
    return [
      used && [used.userId, used.proof?.method, used.data],
      isLive ? [link.user.id, purpose === "link" ? "email" : undefined, dataOf(purpose, link.user)] : null,
    ]
  },

  async createCode({ world, model }: Scene, a: number): Promise<Outcome> {
    const user = livingUser(model, a)
    if (!user) return nothing
    const made = await world.tokens.createCode({ purpose: "link", userId: user.id })
    newCode(model, { ...made, user })
    return nothing
  },

  async consumeCode({ world, model }: Scene, a: number, b: number): Promise<Outcome> {
    const code = pick(model.codes, a)
    if (!code) return nothing
    const isRight = b % 4 === 0
    const typed = isRight ? code.code : code.code.replace(/^./, (digit) => String((Number(digit) + 1) % 10))
    const used = await world.tokens.consumeCode({ handle: code.handle, code: typed, purpose: "link" })
    return [used?.userId, triedCode(model, code, isRight) ? code.user.id : undefined]
  },

  async takeAttempt({ world, model }: Scene, a: number): Promise<Outcome> {
    const key = `key-${a % 3}`
    const { allowed } = await world.throttle.consume({ account: key })
    return [allowed, takenAttempt(model, key)]
  },

  async resetBudget({ world, model }: Scene, a: number): Promise<Outcome> {
    const key = `key-${a % 3}`
    await world.throttle.reset({ account: key })
    model.budgets.delete(key)
    return nothing
  },

  async cleanUp({ world, model }: Scene): Promise<Outcome> {
    await world.auth.deleteExpiredSessions()
    forgetExpired(model)
    await world.tokens.cleanUp()
    await world.throttle.cleanUp()
    return nothing
  },

  async pass({ model, clock }: Scene, _: number, b: number): Promise<Outcome> {
    model.now = clock.advance(pauses[b % pauses.length]!)
    return nothing
  },
} satisfies Record<string, (scene: Scene, a: number, b: number) => Promise<Outcome>>

/** Chooses among the newest ones, so that some are chosen many times. */
function pick<Item>(items: Item[], number: number, newest = 3): Item | undefined {
  return items[items.length - 1 - (number % Math.min(items.length, newest))]
}

function livingUser(model: Model, number: number): ModelUser | undefined {
  return pick(
    model.users.filter((user) => !user.isGone),
    number,
  )
}

function madeOf({ session, token }: { session: Session; token: string }): Session & { token: string } {
  const { id, methods } = session
  return { id, methods, token }
}

function dataOf(purpose: "link" | "other", user: ModelUser): unknown {
  return purpose === "link" ? null : { to: user.name }
}
