import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, describe, expect, test } from "vitest"
import { createAuth } from "../../src/core/create-auth.ts"
import { isAuthError } from "../../src/core/errors.ts"
import type { AuthEvent } from "../../src/core/events.ts"
import type { Driver } from "./outage-servers.ts"
import { mortalMariadb, mortalPostgres, mortalRedis, poolSize } from "./outage-servers.ts"

// In milliseconds.
const outage = 10_000
const patience = 5000

const opened = await Promise.all([mortalPostgres(), mortalMariadb(), mortalRedis()])
const servers = opened.filter((server) => server !== null)

afterAll(async () => {
  for (const { drivers, close } of servers) {
    for (const driver of drivers) await driver.close()
    await close()
  }
})

describe.concurrent.each(servers)("$name, stopped for ten seconds under load", ({ drivers, ...server }) => {
  // Vitest fails on a rejection that nobody handles.
  test(
    "every call fails as store_failed, nobody is signed out or let in, and all is well again without a restart",
    { timeout: 90_000 },
    async () => {
      const applications = await Promise.all(drivers.map(openApplication))
      await sleep(300)
      await server.stop()
      for (const { phase } of applications) phase.name = "outage"
      await sleep(outage)
      for (const { phase } of applications) phase.name = "recovery"
      await server.start()
      await sleep(patience)
      for (const { phase } of applications) phase.name = "after"
      await sleep(500)

      for (const { name, finish } of applications) {
        const { counts, events } = await finish()
        expect(counts, name).toEqual({
          before: { signedIn: expect.any(Number), failed: expect.any(Number), wrong: 0 },
          outage: { signedIn: 0, failed: expect.any(Number), wrong: 0 },
          recovery: { signedIn: expect.any(Number), failed: expect.any(Number), wrong: 0 },
          after: { signedIn: expect.any(Number), failed: 0, wrong: 0 },
        })
        expect(counts.before.signedIn, name).toBeGreaterThan(0)
        expect(counts.outage.failed, name).toBeGreaterThan(10)
        expect(counts.after.signedIn, name).toBeGreaterThan(10)
        expect(events, name).not.toContain("rejected")
      }
      expect(await server.countClients()).toBeLessThanOrEqual(drivers.length * poolSize)
    },
  )
})

type Outcome = "signedIn" | "failed" | "wrong"

/** An application with a signed-in user, whose browser asks again and again, beside a stranger with a made-up token. */
async function openApplication({ name, adapter }: Driver) {
  const events: string[] = []
  const auth = createAuth({ adapter, onEvent: noteEvent })
  function noteEvent(event: AuthEvent): void {
    if (!(event.type === "rejected" && event.reason === "unknown")) events.push(event.type)
  }
  const { token } = await auth.createSession("ada")
  const { token: ended, session } = await auth.createSession("ada")
  await auth.invalidateSession(session.id)

  const zero = () => ({ signedIn: 0, failed: 0, wrong: 0 })
  const counts = { before: zero(), outage: zero(), recovery: zero(), after: zero() }
  const phase: { name: keyof typeof counts } = { name: "before" }
  let isOver = false

  async function visit(): Promise<void> {
    const begun = phase.name
    const outcomes = await Promise.all([
      outcomeOf(async () => (await auth.validateSession(token)).session !== null),
      outcomeOf(async () => (await auth.validateSession(ended)).session === null),
    ])
    // What began in one phase and ended in another may have either's end.
    for (const outcome of outcomes) counts[phase.name === begun || outcome === "wrong" ? begun : "recovery"][outcome]++
  }
  async function keepVisiting(): Promise<void> {
    while (!isOver) {
      await visit()
      await sleep(30)
    }
  }
  const visitors = Promise.all(Array.from({ length: 2 * poolSize }, keepVisiting))
  return {
    name,
    phase,
    async finish() {
      isOver = true
      await visitors
      return { counts, events }
    },
  }
}

async function outcomeOf(isRight: () => Promise<boolean>): Promise<Outcome> {
  try {
    return (await isRight()) ? "signedIn" : "wrong"
  } catch (error) {
    return isAuthError(error) && error.code === "store_failed" ? "failed" : "wrong"
  }
}
