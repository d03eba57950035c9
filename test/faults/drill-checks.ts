import { setTimeout as sleep } from "node:timers/promises"
import { countingHasher } from "../users/counting-hasher.ts"
import { drillUsers } from "./deeds.ts"
import type { DrillCrew, Worker } from "./drill-crew.ts"
import type { DrillPlace } from "./drill-places.ts"
import type { DrillRecord, DrillSession } from "./drill-record.ts"
import { canaries, mayBeDead, mustBeDead } from "./drill-record.ts"
import { openDrillStore, poolSize } from "./drill-stores.ts"
import type { TcpProxy } from "./tcp-proxy.ts"
import type { World } from "./world.ts"
import { createWorld, lifetimes } from "./world.ts"

/** What is left when a drill is over. */
interface Rest {
  place: DrillPlace
  proxy: TcpProxy
  crew: DrillCrew
  record: DrillRecord
  /** How far the clock is to be ahead by which sessions are looked at, in milliseconds. */
  ahead: number
}

/** Adds to what is broken of the invariants, once everything has come to rest, and closes the processes. */
export async function checkRest({ place, proxy, crew, record, ahead }: Rest): Promise<void> {
  const { broken } = record
  proxy.delay(0)
  proxy.resume()
  for (const worker of crew.workers) if (!(await recovers(worker))) broken.add("F1: a process does not recover")
  const most = crew.workers.length * poolSize
  if ((await clientsOf(place, most)) > most) broken.add("I8: there are more connections than the pools may have")

  const store = await openDrillStore(place.name, place.url)
  const world = createWorld(store.adapter, () => Date.now() + ahead, countingHasher())
  for (const session of record.sessions) await checkSession(record, world, session)
  await checkSets(record, world)
  for (const userId of drillUsers) await checkPasswords(record, world, userId, place)
  await store.close()

  if ((await place.countOrphans()) > 0) broken.add("I3: rows are left of users who are gone, or a user without a key")
  for (const worker of crew.workers) await worker.close()
  const clients = await clientsOf(place, 0)
  if (clients > 0) broken.add("I8: connections are left when all processes have ended")
  for (const death of crew.deaths) broken.add(death)
  checkSecrets(record, "the log", crew.output())
  checkSecrets(record, "the store", await place.dump())
}

/** Whether a process works again, without a restart. */
async function recovers({ deeds }: Worker): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    const isWell = await deeds()
      .createLink("ada")
      .then(Boolean, () => false)
    if (isWell) return true
    await sleep(100)
  }
  return false
}

/** Counts the clients of the server, after a while in which connections may end. */
async function clientsOf({ countClients }: DrillPlace, most: number): Promise<number> {
  let clients = await countClients()
  for (let tries = 0; clients > most && tries < 50; tries++) {
    await sleep(100)
    clients = await countClients()
  }
  return clients
}

async function checkSession(record: DrillRecord, { auth }: World, session: DrillSession): Promise<void> {
  const { broken } = record
  const { session: live } = await auth.validateSession(session.token)
  if (live && mustBeDead(record, session)) broken.add("I1: a session is live that was ended")
  if (!live && !mayBeDead(record, session)) broken.add("I1: a session is gone that nobody ended")
  if (!live) return
  if (live.expiresAt.getTime() > live.createdAt.getTime() + lifetimes.absolute) broken.add("I4: it lives too long")
  const listed = await auth.getUserSessions(session.userId)
  if (!listed.some(({ id }) => id === live.id)) broken.add("I5: a live session is not listed")
}

async function checkSets({ sets, broken }: DrillRecord, { adapter }: World): Promise<void> {
  for (const ids of sets) {
    const found = await Promise.all(ids.map((id) => adapter.findToken(id)))
    const there = found.filter(Boolean).length
    if (there > 0 && there < ids.length) broken.add("F6: a part of a set of tokens is there")
  }
}

/** Of the sessions from passwords, only those of the current password may be live. */
async function checkPasswords(record: DrillRecord, world: World, userId: string, { name }: DrillPlace): Promise<void> {
  if (name === "Redis") return
  const hits = await Promise.all(
    record.passwords.map((password) =>
      world.users.verifyPassword({ providerId: "username", providerUserId: userId, password }),
    ),
  )
  if (hits.filter(Boolean).length !== 1) record.broken.add("F6: a user has no password, or two")
  const stale = record.sessions.filter(
    ({ userId: owner, password }) => owner === userId && password !== null && !hits[record.passwords.indexOf(password)],
  )
  for (const { token } of stale) {
    const { session } = await world.auth.validateSession(token)
    if (session) record.broken.add("R6: a session that an earlier password has made is live")
  }
}

function checkSecrets(record: DrillRecord, where: string, text: string): void {
  const words = new Set(text.match(/[a-z0-9]+/gi))
  const found = canaries(record).filter((secret) => (secret.includes(" ") ? text.includes(secret) : words.has(secret)))
  if (found.length > 0) record.broken.add(`I7: ${where} has secrets in it`)
}
