import { countingHasher } from "../users/counting-hasher.ts"
import { drillUsers, firstPassword } from "./deeds.ts"
import type { DrillPlace } from "./drill-places.ts"
import { openDrillStore } from "./drill-stores.ts"
import { budget, createWorld } from "./world.ts"
import type { World } from "./world.ts"

// In milliseconds.
const minute = 60_000
const day = 86_400_000

/**
 * Has two nodes use one store, one of them with the right time and one whose clock is `ahead` milliseconds ahead. Resolves to
 * what the right one has lost by what the other one did.
 */
export async function runClockDrill(place: DrillPlace, ahead: number, make = createWorld): Promise<string[]> {
  await place.reset()
  const store = await openDrillStore(place.name, place.url)
  const time = { passed: 0 }
  const right = make(store.adapter, () => Date.now() + time.passed, countingHasher())
  const wrong = make(store.adapter, () => Date.now() + time.passed + ahead, countingHasher())
  try {
    return await compare(right, wrong, time, ahead)
  } finally {
    await store.close()
  }
}

async function compare(right: World, wrong: World, time: { passed: number }, ahead: number): Promise<string[]> {
  const lost: string[] = []
  const userId = drillUsers[0]!
  const key = { providerId: "username", providerUserId: userId, password: firstPassword }
  await right.users.createUser({ id: userId, key, attributes: { username: userId } })
  const begun = await right.users.signInWithPassword(right.door, key)
  if (!begun?.session) throw new Error("Nobody was signed in.")
  const { token, session } = begun
  const link = await right.tokens.createToken({ purpose: "link", userId })
  const code = await right.tokens.createCode({ purpose: "link", userId })

  const look = async () => {
    await wrong.auth.validateSession(token)
    await wrong.auth.getUserSessions(userId)
    await wrong.tokens.peekToken(link, "link")
    await wrong.users.signInWithPassword(wrong.door, key)
  }
  const cleanUp = async () => {
    // A server that is a day ahead or more deletes rows that the others still need.
    if (ahead >= day) return
    await wrong.auth.deleteExpiredSessions()
    await wrong.tokens.cleanUp()
    await wrong.throttle.cleanUp()
  }

  // Shortly before each deadline.
  await wrong.tokens.createToken({ purpose: "link", userId })
  await look()
  time.passed = 9 * minute
  await look()
  await cleanUp()
  if (!(await right.tokens.consumeCode({ ...code, purpose: "link" }))) lost.push("a code")
  time.passed = 29 * minute
  await cleanUp()
  if (!(await right.tokens.consumeToken(link, "link"))) lost.push("a link")
  time.passed = 58 * minute
  await look()
  await cleanUp()
  const { session: found } = await right.auth.validateSession(token)
  if (!found) lost.push("a session")
  else if (found.expiresAt < session.expiresAt) lost.push("a part of a session")
  const listed = await right.auth.getUserSessions(userId)
  if (!listed.some(({ id }) => id === session.id)) lost.push("a session in the list")
  return lost
}

/** Resolves to how many attempts two nodes let through that ask in turn, when one is `ahead` milliseconds ahead. */
export async function countAttempts(place: DrillPlace, ahead: number): Promise<number> {
  await place.reset()
  const store = await openDrillStore(place.name, place.url)
  // Both stand still, so that no attempt comes back.
  const start = Date.now()
  const nodes = [ahead, 0].map((off) => createWorld(store.adapter, () => start + off, countingHasher()))
  let allowed = 0
  for (let n = 0; n < 4 * budget.limit; n++) {
    if ((await nodes[n % 2]!.throttle.consume({ account: "ada" })).allowed) allowed++
  }
  await store.close()
  return allowed
}

/** Resolves to the seconds that a node has to wait for a budget that another one, `ahead` of it, has used up. */
export async function waitAfter(place: DrillPlace, ahead: number): Promise<number> {
  await place.reset()
  const store = await openDrillStore(place.name, place.url)
  const start = Date.now()
  const [wrong, right] = [ahead, 0].map((off) => createWorld(store.adapter, () => start + off, countingHasher()))
  for (let n = 0; n < budget.limit; n++) await wrong!.throttle.consume({ account: "ada" })
  const { retryAfter } = await right!.throttle.consume({ account: "ada" })
  await store.close()
  return retryAfter
}
