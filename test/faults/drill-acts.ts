import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { isAuthError } from "../../src/core/errors.ts"
import { drillUsers, enrolledUser, firstPassword } from "./deeds.ts"
import type { Begun, Deeds } from "./deeds.ts"
import type { DrillRecord } from "./drill-record.ts"
import { accept, count, mayBeDead, mustBeDead } from "./drill-record.ts"
import type { Seeded } from "./seeded.ts"
import { budget, lifetimes } from "./world.ts"

/** What an act works on. */
export interface Drill {
  record: DrillRecord
  /** One for each process. */
  readonly crew: Deeds[]
  random: Seeded
  /** Orders what begins and ends. */
  tick(): number
}

export type DrillActName = keyof typeof drillActs

/** Those that a store without users does not know. */
export const actsOfUsers: DrillActName[] = ["changePassword", "signUp", "deleteUser"]

const passwords = [firstPassword, "canary zebra staple"]
// The users whose sessions are ended. Those of `quiet` never are.
const busy = drillUsers.filter((id) => id !== "quiet")

/** Plays an act in one process. What fails as an outage has no outcome that anyone may rely on. */
export async function playDrillAct(drill: Drill, deeds: Deeds, name: DrillActName): Promise<void> {
  const { record } = drill
  try {
    await drillActs[name](drill, deeds)
    count(record.answered, name)
  } catch (error) {
    record.failed++
    const isExpected = isAuthError(error) && ["store_failed", "user_missing", "proof_void"].includes(error.code)
    if (!isExpected) record.broken.add(`an outage is told as: ${String(error)}`)
    // As a visitor who tries again.
    await sleep(20)
  }
}

/** All that is done. */
export const drillActs = {
  async signIn(drill: Drill, deeds: Deeds) {
    const userId = drill.random.pick(drillUsers)!
    const password = drill.random.pick(passwords)!
    const began = drill.tick()
    const begun = await deeds.signIn(userId, password)
    handOut(drill, begun, { userId, password, began })
    if (begun?.pending) drill.record.pendings.push({ pending: begun.pending, userId, password })
  },

  async finish(drill: Drill, deeds: Deeds) {
    const pending = newest(drill, drill.record.pendings)
    if (!pending) return
    const began = drill.tick()
    const begun = await deeds.finish(pending.pending)
    if (begun) accept(drill.record, pending.pending, "a pending sign-in")
    handOut(drill, begun, { ...pending, began })
  },

  async createLink({ record, random }: Drill, deeds: Deeds) {
    const userId = random.pick(busy.filter((id) => id !== enrolledUser))!
    record.links.push({ token: await deeds.createLink(userId), userId })
  },

  async useLinkAtOnce(drill: Drill) {
    const link = newest(drill, drill.record.links)
    if (!link) return
    await atOnce([...drill.crew, ...drill.crew], async (deeds) => {
      const began = drill.tick()
      const { used, begun } = await deeds.signInByLink(link.token)
      if (used) accept(drill.record, link.token, "a link")
      handOut(drill, begun, { userId: link.userId, password: null, began })
    })
  },

  async createCode({ record, random }: Drill, deeds: Deeds) {
    record.codes.push(await deeds.createCode(random.pick(busy)!))
  },

  async tryCodeAtOnce(drill: Drill) {
    const { record, random, crew } = drill
    const made = newest(drill, record.codes)
    if (!made) return
    const wrong = made.code.replace(/^./, (digit) => String((Number(digit) + 1) % 10))
    await atOnce([...crew, ...crew], async (deeds) => {
      const isRight = random.below(6) === 0
      const wrongBefore = record.wrongTries.get(made.handle) ?? 0
      const isAccepted = await deeds.tryCode(made.handle, isRight ? made.code : wrong)
      if (!isRight) count(record.wrongTries, made.handle)
      if (!isAccepted) return
      accept(record, made.handle, "a code")
      if (!isRight) record.broken.add("R5: a wrong code was accepted")
      if (wrongBefore >= 5) record.broken.add("R5: a code was accepted after five wrong ones")
    })
  },

  async validate(drill: Drill, deeds: Deeds) {
    const session = newest(drill, drill.record.sessions, 20)
    if (!session) return
    const { record } = drill
    const began = drill.tick()
    const found = await deeds.validate(session.token)
    if (found && mustBeDead(record, session, began)) record.broken.add("I1: a session was found after it had ended")
    if (!found && !mayBeDead(record, session)) record.broken.add("F1: a live session was taken for none")
    if (found && found.expiresAt > found.createdAt + lifetimes.absolute) record.broken.add("I4: it lives too long")
  },

  async rotate(drill: Drill, deeds: Deeds) {
    const session = newest(drill, drill.record.sessions)
    if (!session || session.userId === "quiet") return
    const { userId, password } = session
    const end = revoke(drill, { id: session.id })
    const rotated = await deeds.rotate(session.token)
    if (!rotated) return
    end()
    accept(drill.record, session.id, "a session to be replaced or ended")
    handOut(drill, { session: rotated, pending: null }, { userId, password, began: session.began })
  },

  async signOut(drill: Drill, deeds: Deeds) {
    const session = newest(drill, drill.record.sessions)
    if (!session || session.userId === "quiet") return
    const end = revoke(drill, { id: session.id })
    if (await deeds.signOut(session.id)) accept(drill.record, session.id, "a session to be replaced or ended")
    end()
  },

  async signOutEverywhere(drill: Drill, deeds: Deeds) {
    const userId = drill.random.pick(busy)!
    const end = revoke(drill, { userId })
    await deeds.signOutEverywhere(userId)
    end()
  },

  async changePassword(drill: Drill, deeds: Deeds) {
    const userId = drill.random.pick(busy)!
    const end = revoke(drill, { userId })
    if (await deeds.changePassword(userId, drill.random.pick(passwords)!)) end()
  },

  async signUp({ record }: Drill, deeds: Deeds) {
    const name = `guest-${record.guests.length}`
    record.guests.push(name)
    await deeds.signUp(name, firstPassword)
    await deeds.createLink(name)
  },

  async deleteUser(drill: Drill, deeds: Deeds) {
    const name = newest(drill, drill.record.guests)
    if (name) await deeds.deleteUser(name)
  },

  async insertSet({ record, random }: Drill, deeds: Deeds) {
    const ids = Array.from({ length: 5 }, () => randomBytes(32).toString("hex"))
    record.sets.push(ids)
    await deeds.insertSet(random.pick(busy)!, ids)
  },

  async takeAttemptsAtOnce({ record, crew }: Drill) {
    const key = `key-${record.attempts.size}`
    record.attempts.set(key, 0)
    await atOnce([...crew, ...crew, ...crew], async (deeds) => {
      const isAllowed = await deeds.takeAttempt(key)
      if (isAllowed && count(record.attempts, key) > budget.limit) record.broken.add("I6: more attempts than the limit")
    })
  },

  cleanUp: (_: Drill, deeds: Deeds) => deeds.cleanUp(),
} satisfies Record<string, (drill: Drill, deeds: Deeds) => Promise<void>>

export const drillActNames = Object.keys(drillActs) as DrillActName[]

function handOut(
  { record, tick }: Drill,
  begun: Begun | null,
  { userId, password, began }: { userId: string; password: string | null; began: number },
): void {
  if (begun?.session) record.sessions.push({ ...begun.session, userId, password, began, ended: tick() })
}

/** Notes that something may end from now on. To be called again when it was acknowledged. */
function revoke({ record, tick }: Drill, what: { id: string } | { userId: string }): () => void {
  const revocation = { what, began: tick(), ended: Infinity }
  record.revocations.push(revocation)
  return () => void (revocation.ended = tick())
}

/** Rejects like the first call that fails, when all are done. */
async function atOnce(crew: Deeds[], call: (deeds: Deeds) => Promise<void>): Promise<void> {
  const settled = await Promise.allSettled(crew.map(call))
  for (const outcome of settled) if (outcome.status === "rejected") throw outcome.reason
}

/** One of the newest, so that several acts meet at one. */
function newest<Item>({ random }: Drill, items: Item[], among = 4): Item | undefined {
  return random.pick(items.slice(-among))
}
