import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { createUsers } from "../../src/users/create-users.ts"
import { attemptOf } from "../users/attempts.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { modulesFor } from "../users/reset-stores.ts"
import type { RaceAdapter, User } from "./race-store.ts"
import { openSharedStores } from "./races.ts"
import { interruptAt, stepping } from "./stepping.ts"

const trap = "attacker's horse"
const own = "the owner's horse"

/** More than any of the flows has. */
const moments = Array.from({ length: 18 }, (_, n) => n + 1)

const stores: { name: string; adapter: RaceAdapter }[] = [
  { name: "memory", adapter: memoryAdapter<User, { label?: string | null }>() },
  ...(await openSharedStores()),
]

for (const { name, adapter } of stores) describe(`resetAccess() on ${name}`, () => interleavings(adapter))

function interleavings(adapter: RaceAdapter): void {
  const auth = createAuth({ adapter })
  const users = usersOver(adapter)

  test.each(moments)(
    "[PRF-7] leaves no session of a sign-in by the old password that comes before its step %i",
    async (moment) => {
      const name = await signUp()
      const { step, methods } = interruptAt(moment, () => users.signInWithPassword(auth, attemptOf(name, trap)))
      await reset(usersOver(stepping(adapter, step)), name, own)
      expect(methods).toContain("replaceUserPasswords")
      expect(await adapter.listSessions(name)).toEqual([])
      expect(await users.verifyPassword(attemptOf(name, own))).not.toBeNull()
    },
  )

  test.each(moments)("leaves no session of a sign-in when it comes before that one's step %i", async (moment) => {
    const name = await signUp()
    const { step } = interruptAt(moment, () => reset(users, name, own))
    const slowly = stepping(adapter, step)
    await usersOver(slowly).signInWithPassword(createAuth({ adapter: slowly }), attemptOf(name, trap))
    await reset(users, name, own)
    expect(await adapter.listSessions(name)).toEqual([])
    expect(await users.verifyPassword(attemptOf(name, trap))).toBeNull()
  })

  test.each(moments)("leaves no key that a session adds before its step %i", async (moment) => {
    const name = await signUp()
    const { session } = await auth.createSession(name)
    const link = () =>
      users.createKey({ ...trojan(name), sessionId: session.id, attributes: { username: `x-${name}` } })
    const { step, methods } = interruptAt(moment, link)
    await reset(usersOver(stepping(adapter, step)), name)
    if (methods.length < moment) await link()
    expect(await users.getUserKeys(name)).toEqual([{ ...keyOf(name), userId: name, hasPassword: false }])
    expect(await adapter.listSessions(name)).toEqual([])
  })

  test.each(moments)(
    "leaves no key of a session that adds one, when it comes before that one's step %i",
    async (moment) => {
      const name = await signUp()
      const { session } = await auth.createSession(name)
      const { step, methods } = interruptAt(moment, () => reset(users, name))
      const slow = usersOver(stepping(adapter, step))
      const added = await slow.createKey({
        ...trojan(name),
        sessionId: session.id,
        attributes: { username: `x-${name}` },
      })
      if (methods.length < moment) await reset(users, name)
      else expect(added).toEqual({ key: null, reason: "session_ended" })
      expect(await users.getUserKeys(name)).toEqual([{ ...keyOf(name), userId: name, hasPassword: false }])
      if (methods.length >= moment) expect(await users.getUser(name)).toMatchObject({ username: name })
    },
  )

  test.each(moments)(
    "leaves no first password of a session that sets one, when it comes before that one's step %i",
    async (moment) => {
      const name = crypto.randomUUID()
      await users.createUser({ id: name, key: keyOf(name), attributes: { username: name } })
      const { session } = await auth.createSession(name)
      const { step, methods } = interruptAt(moment, () => reset(users, name))
      const email = { providerId: "email", providerUserId: `${name}@example.com`, password: trap }
      await usersOver(stepping(adapter, step)).createKey({ ...email, userId: name, sessionId: session.id })
      if (methods.length < moment) await reset(users, name)
      expect(await users.getUserKeys(name)).toEqual([{ ...keyOf(name), userId: name, hasPassword: false }])
    },
  )

  test("holds against sign-ins and new keys at the same time", async () => {
    for (let trial = 0; trial < 10; trial++) {
      const name = await signUp()
      const { session } = await auth.createSession(name)
      const signIn = () => users.signInWithPassword(auth, attemptOf(name, trap))
      const link = (n: number) =>
        users.createKey({ providerId: "github", providerUserId: `${name}-${n}`, userId: name, sessionId: session.id })
      await Promise.all([signIn(), link(1), signIn(), reset(users, name, own), link(2), signIn(), link(3)])
      expect(await users.getUserKeys(name)).toEqual([{ ...keyOf(name), userId: name, hasPassword: true }])
      expect(await adapter.listSessions(name)).toEqual([])
      expect(await users.verifyPassword(attemptOf(name, trap))).toBeNull()
      expect(await users.verifyPassword(attemptOf(name, own))).not.toBeNull()
    }
  })

  async function signUp(): Promise<string> {
    const id = crypto.randomUUID()
    await users.createUser({ id, key: { ...keyOf(id), password: trap }, attributes: { username: id } })
    return id
  }
}

function usersOver(adapter: RaceAdapter) {
  const auth = createAuth({ adapter })
  return createUsers({ adapter, passwordHasher: countingHasher(), auth, resets: [auth, ...modulesFor(adapter)] })
}

async function reset(users: ReturnType<typeof usersOver>, userId: string, password?: string): Promise<void> {
  expect(await users.resetAccess({ userId, keep: keyOf(userId), password })).toEqual({ reset: true })
}

function keyOf(name: string) {
  return { providerId: "username", providerUserId: name }
}

function trojan(userId: string) {
  return { providerId: "github", providerUserId: `attacker of ${userId}`, userId }
}
