import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, describe, expect, test } from "vitest"
import { mortalMariadb, mortalPostgres, mortalRedis, poolSize } from "./outage-servers.ts"
import { openApplication } from "./outage-visits.ts"

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

describe.concurrent.each(servers)("[F1][ADP-6] $name, stopped for ten seconds under load", ({ drivers, ...server }) => {
  // Vitest fails on a rejection that nobody handles.
  test(
    "every call fails as store_failed, nobody is signed out or let in, and all is well again without a restart",
    { timeout: 90_000 },
    async () => {
      const applications = await Promise.all(drivers.map((driver) => openApplication(driver, "ada", 2 * poolSize)))
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
        expect(events, name).not.toContain("session_rejected")
      }
      expect(await server.countClients()).toBeLessThanOrEqual(drivers.length * poolSize)
    },
  )
})
