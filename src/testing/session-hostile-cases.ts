import type { SessionRecord } from "../core/ports.ts"
import type { AdapterCase, LabelRow, Trial } from "./adapter-case.ts"
import { sessionCase } from "./adapter-case.ts"
import { expectEqual, format, settle } from "./expectation.ts"
import { asId, coreNames, foreignNames, nearMisses, protoAttributes, wrongTypes } from "./hostile-input.ts"
import {
  addSession,
  columnOf,
  expectListed,
  expectNoSession,
  expectStored,
  expiredAt,
  liveUntil,
  sessionId,
  sessionOf,
} from "./session-fixture.ts"

/** Ids are compared byte for byte, and attributes stay attributes. */
export const sessionHostileCases: AdapterCase[] = [
  sessionCase("findSession() compares ids byte for byte", async (trial) => {
    const { id } = await addSession(trial, await trial.addUser(1), 1)
    for (const miss of nearMisses(id)) {
      await expectMiss(`findSession(${format(miss)})`, miss, null, () => trial.adapter.findSession(miss))
    }
  }),
  sessionCase("extendSession() and updateSession() compare ids byte for byte", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    for (const miss of nearMisses(session.id)) {
      const extend = () => trial.adapter.extendSession(miss, liveUntil(60), liveUntil(30))
      const update = () => trial.adapter.updateSession(miss, { label: "changed" })
      await expectMiss(`extendSession(${format(miss)})`, miss, false, extend)
      await expectMiss(`updateSession(${format(miss)})`, miss, false, update)
    }
    await expectStored(trial, session)
  }),
  sessionCase("replaceSession() and deleteSession() compare ids byte for byte", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    for (const miss of nearMisses(session.id)) {
      const replace = () => trial.adapter.replaceSession(miss, sessionOf(session.userId, 2))
      await expectMiss(`replaceSession(${format(miss)})`, miss, false, replace)
      await expectMiss(`deleteSession(${format(miss)})`, miss, false, () => trial.adapter.deleteSession(miss))
    }
    await expectStored(trial, session)
    await expectListed(trial, session.userId, [session])
  }),
  sessionCase("deleteUserSessions() compares the id it spares byte for byte", async (trial) => {
    const userId = await trial.addUser(1)
    for (const miss of nearMisses(sessionId(1))) {
      await addSession(trial, userId, 1)
      const { status } = await settle(() => trial.adapter.deleteUserSessions(userId, miss))
      if (status === "rejected") await trial.adapter.deleteUserSessions(userId)
      await expectNoSession(trial, sessionId(1))
    }
  }),
  sessionCase("user ids are compared byte for byte", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    if (typeof session.userId !== "string") return
    for (const miss of nearMisses(session.userId)) {
      const listed = await settle(() => trial.adapter.listSessions(miss))
      expectEqual(`listSessions(${format(miss)})`, listed.status === "fulfilled" ? listed.value : [], [])
      const deleted = await settle(() => trial.adapter.deleteSession(session.id, miss))
      expectEqual(`deleteSession(id, ${format(miss)})`, deleted.status === "fulfilled" && deleted.value, false)
      await settle(() => trial.adapter.deleteUserSessions(miss))
      await expectStored(trial, session)
    }
  }),
  sessionCase("a value of another type stands for no session and no user", async (trial) => {
    const userId = await trial.addUser(1)
    const session = await addSession(trial, userId, 1)
    for (const wrong of wrongTypes(session.id)) {
      const found = await settle(() => trial.adapter.findSession(asId(wrong)))
      expectEqual(`findSession(${format(wrong)})`, found.status === "fulfilled" ? found.value : null, null)
      await settle(() => trial.adapter.deleteSession(asId(wrong)))
      await settle(() => trial.adapter.replaceSession(asId(wrong), sessionOf(userId, 2)))
      await expectStored(trial, session)
    }
    for (const wrong of wrongTypes(userId)) {
      await settle(() => trial.adapter.deleteUserSessions(asId(wrong)))
      await expectStored(trial, session)
    }
  }),

  sessionCase("insertSession() lets no attribute stand in for a core column", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    for (const [n, attributes] of coreAttributes(otherId).entries()) {
      await expectInsertedOrRefused(trial, sessionOf(userId, n, { attributes }))
      await expectListed(trial, otherId, [])
    }
  }),
  sessionCase("updateSession() lets no attribute stand in for a core column", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const session = await addSession(trial, userId, 1)
    for (const attributes of coreAttributes(otherId)) {
      await settle(() => trial.adapter.updateSession(session.id, attributes))
      await expectStored(trial, session)
      await expectListed(trial, otherId, [])
    }
  }),
  sessionCase("replaceSession() lets no attribute stand in for a core column", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    for (const [n, attributes] of coreAttributes(otherId).entries()) {
      const [old, next] = [await addSession(trial, userId, n), sessionOf(userId, 100 + n, { attributes })]
      const outcome = await settle(() => trial.adapter.replaceSession(old.id, next))
      if (outcome.status === "fulfilled") await expectStored(trial, next)
      else await expectStored(trial, old)
      await expectListed(trial, otherId, [])
    }
  }),
  sessionCase("insertSession() refuses or ignores attribute names that no column has", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const witness = await addSession(trial, otherId, 1)
    for (const [n, name] of foreignNames.entries()) {
      await expectInsertedOrRefused(trial, sessionOf(userId, 10 + n, { attributes: { label: "own", [name]: "x" } }))
      await expectStored(trial, witness)
    }
  }),
  sessionCase("updateSession() refuses or ignores attribute names that no column has", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const [session, witness] = [await addSession(trial, userId, 1), await addSession(trial, otherId, 2)]
    for (const name of foreignNames) {
      await settle(() => trial.adapter.updateSession(session.id, { [name]: "x" }))
      await expectStored(trial, session)
      await expectStored(trial, witness)
    }
  }),
  sessionCase("an attribute named __proto__ reaches no prototype", async (trial) => {
    const session = sessionOf(await trial.addUser(1), 1)
    await addSession(trial, session.userId, 2, { attributes: { label: "kept" } })
    await settle(() => trial.adapter.insertSession({ ...session, attributes: protoAttributes() }))
    await settle(() => trial.adapter.updateSession(sessionId(2), protoAttributes()))
    expectEqual("isAdmin of a new object", columnOf({}, "isAdmin"), undefined)
    for (const id of [session.id, sessionId(2)]) {
      const found = await trial.adapter.findSession(id)
      expectEqual("isAdmin of the attributes", columnOf(found?.session.attributes ?? {}, "isAdmin"), undefined)
      expectEqual("isAdmin of the session", columnOf(found?.session ?? {}, "isAdmin"), undefined)
    }
  }),
]

/** A missing row is an ordinary answer; only text with a NUL, which some databases cannot even compare, may reject. */
async function expectMiss(what: string, id: string, answer: unknown, call: () => Promise<unknown>): Promise<void> {
  const outcome = await settle(call)
  if (outcome.status === "rejected" && id.includes("\0")) return
  expectEqual(what, outcome.status === "fulfilled" ? outcome.value : outcome.reason, answer)
}

async function expectInsertedOrRefused(trial: Trial, session: SessionRecord<LabelRow>): Promise<void> {
  const outcome = await settle(() => trial.adapter.insertSession(session))
  if (outcome.status === "fulfilled") await expectStored(trial, session)
  else await expectNoSession(trial, session.id)
}

function coreAttributes(otherId: unknown): LabelRow[] {
  const values = [sessionId(99), otherId, 9e15, expiredAt(0)]
  return coreNames.flatMap((name) => values.map((value) => ({ [name]: value })))
}
