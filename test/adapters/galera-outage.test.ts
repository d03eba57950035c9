import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, describe, expect, test } from "vitest"
import { openApplication } from "../races/outage-visits.ts"
import { ownServers } from "../servers.ts"
import { openGalera } from "./galera-nodes.ts"

const timeout = 120_000
const cluster = await ownServers("galera")
const store = cluster && (await openGalera(cluster.urls, { connectionLimit: 5, connectTimeout: 2000 }))

afterAll(async () => {
  await store?.close()
  await cluster?.close()
}, timeout)

describe.skipIf(!cluster)("a Galera cluster that loses a node under load", () => {
  test(
    "a node is shut down: its calls fail, the other goes on, and it is back without a restart",
    { timeout },
    async () => {
      const [a, b] = await openApplications("grace")
      await sleep(300)
      await cluster?.stop(1)
      enter("outage", a, b)
      await sleep(5000)
      enter("recovery", a, b)
      await cluster?.start(1)
      await sleep(3000)
      enter("after", a, b)
      await sleep(500)

      const [onA, onB] = [await a.finish(), await b.finish()]
      for (const { counts, events } of [onA, onB]) {
        expect(Object.values(counts).map(({ wrong }) => wrong)).toEqual([0, 0, 0, 0])
        expect(counts.after).toEqual({ signedIn: expect.any(Number), failed: 0, wrong: 0 })
        expect(counts.after.signedIn).toBeGreaterThan(10)
        expect(events).not.toContain("session_rejected")
      }
      expect(onA.counts.outage).toMatchObject({ failed: 0 })
      expect(onA.counts.outage.signedIn).toBeGreaterThan(10)
      expect(onB.counts.outage).toMatchObject({ signedIn: 0 })
      expect(onB.counts.outage.failed).toBeGreaterThan(10)
    },
  )

  test(
    "[F1] a node is killed: the other, half of the cluster, lets nobody in until it is back",
    { timeout },
    async () => {
      const [a, b] = await openApplications("alan")
      await sleep(300)
      await cluster?.kill(1)
      // The survivor waits five seconds before it holds the other for dead.
      await sleep(8000)
      enter("outage", a, b)
      await sleep(2000)
      enter("recovery", a, b)
      await cluster?.start(1)
      await sleep(3000)
      enter("after", a, b)
      await sleep(500)

      for (const { counts, events } of [await a.finish(), await b.finish()]) {
        expect(Object.values(counts).map(({ wrong }) => wrong)).toEqual([0, 0, 0, 0])
        expect(counts.outage).toMatchObject({ signedIn: 0 })
        expect(counts.outage.failed).toBeGreaterThan(10)
        expect(counts.after).toMatchObject({ failed: 0 })
        expect(counts.after.signedIn).toBeGreaterThan(10)
        expect(events).not.toContain("session_rejected")
      }
    },
  )
})

type Application = Awaited<ReturnType<typeof openApplication>>

/** Opens an application on each node, for a new user. */
async function openApplications(username: string): Promise<[Application, Application]> {
  const [a, b] = store?.nodes ?? []
  if (!a || !b) throw new Error("A node is missing.")
  const id = BigInt(username.length)
  await a.adapter().insertUser({ id, attributes: { username } }, null)
  return [
    await openApplication({ name: "on the first node", adapter: a.adapter() }, id, 8),
    await openApplication({ name: "on the second node", adapter: b.adapter("mysql2Adapter") }, id, 8),
  ]
}

function enter(phase: Application["phase"]["name"], ...applications: Application[]): void {
  for (const application of applications) application.phase.name = phase
}
