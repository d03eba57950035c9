import type { AdapterCase, LabelRow } from "./adapter-case.ts"
import { expectEqual, format, settle, valueOf } from "./expectation.ts"
import { asId, coreNames, expectMiss, foreignNames, nearMisses, protoAttributes, wrongTypes } from "./hostile-input.ts"
import type { Session } from "./session-fixture.ts"
import { columnOf, expiredAt, liveUntil, sessionId, sessionOf } from "./session-fixture.ts"
import type { Trial } from "./trial.ts"
import { changeCase, sessionCase } from "./trial.ts"

/** Ids are compared byte for byte, and attributes cannot change core columns. */
export const sessionHostileCases: AdapterCase[] = [
  changeCase("findSession() compares ids byte for byte", async ({ adapter }, { id }) => {
    for (const miss of nearMisses(id)) {
      await expectMiss(`findSession(${format(miss)})`, miss, null, () => adapter.findSession(miss))
    }
  }),
  changeCase("extendSession() and updateSession() compare ids byte for byte", async (trial, session) => {
    for (const miss of nearMisses(session.id)) {
      const extend = () => trial.adapter.extendSession(miss, liveUntil(60), liveUntil(30))
      const update = () => trial.adapter.updateSession(miss, { label: "changed" })
      await expectMiss(`extendSession(${format(miss)})`, miss, false, extend)
      await expectMiss(`updateSession(${format(miss)})`, miss, false, update)
    }
    await trial.expectStored(session)
  }),
  sessionCase("replaceSession() and deleteSession() compare ids byte for byte", async (trial) => {
    const session = await trial.addSession(trial.userId, 1)
    for (const miss of nearMisses(session.id)) {
      const replace = () => trial.adapter.replaceSession(miss, sessionOf(session.userId, 2))
      await expectMiss(`replaceSession(${format(miss)})`, miss, false, replace)
      await expectMiss(`deleteSession(${format(miss)})`, miss, false, () => trial.adapter.deleteSession(miss))
    }
    await trial.expectStored(session)
    await trial.expectListed(session.userId, [session])
  }),
  sessionCase("deleteUserSessions() compares the id that it keeps byte for byte", async (trial) => {
    for (const miss of nearMisses(sessionId(1))) {
      await trial.addSession(trial.userId, 1)
      const { status } = await settle(() => trial.adapter.deleteUserSessions(trial.userId, miss))
      if (status === "rejected") await trial.adapter.deleteUserSessions(trial.userId)
      await trial.expectNoSession(sessionId(1))
    }
  }),
  changeCase("user ids are compared byte for byte", async ({ adapter, expectStored }, session) => {
    for (const miss of typeof session.userId === "string" ? nearMisses(session.userId) : []) {
      const listed = await settle(() => adapter.listSessions(miss))
      expectEqual(`listSessions(${format(miss)})`, valueOf(listed, []), [])
      const deleted = await settle(() => adapter.deleteSession(session.id, miss))
      expectEqual(`deleteSession(id, ${format(miss)})`, valueOf(deleted, false), false)
      await settle(() => adapter.deleteUserSessions(miss))
      await expectStored(session)
    }
  }),
  changeCase("a value of another type matches no session and no user", async ({ adapter, ...trial }, session) => {
    for (const wrong of wrongTypes(session.id)) {
      const found = await settle(() => adapter.findSession(asId(wrong)))
      expectEqual(`findSession(${format(wrong)})`, valueOf(found, null), null)
      await settle(() => adapter.deleteSession(asId(wrong)))
      await settle(() => adapter.replaceSession(asId(wrong), sessionOf(trial.userId, 4)))
      await trial.expectStored(session)
    }
    for (const wrong of wrongTypes(trial.userId)) {
      await settle(() => adapter.deleteUserSessions(asId(wrong)))
      await trial.expectStored(session)
    }
  }),

  sessionCase("insertSession() lets no attribute replace a core column", async (trial) => {
    for (const [n, attributes] of coreAttributes(trial).entries()) {
      await expectInsertedOrRefused(trial, sessionOf(trial.userId, n, { attributes }))
      await trial.expectListed(trial.otherId, [])
    }
  }),
  sessionCase("updateSession() lets no attribute replace a core column", async (trial) => {
    const session = await trial.addSession(trial.userId, 1)
    for (const attributes of coreAttributes(trial)) {
      await settle(() => trial.adapter.updateSession(session.id, attributes))
      await trial.expectStored(session)
      await trial.expectListed(trial.otherId, [])
    }
  }),
  sessionCase("replaceSession() lets no attribute replace a core column", async (trial) => {
    for (const [n, attributes] of coreAttributes(trial).entries()) {
      const [old, next] = [await trial.addSession(trial.userId, n), sessionOf(trial.userId, 100 + n, { attributes })]
      const { status } = await settle(() => trial.adapter.replaceSession(old.id, next))
      await trial.expectStored(status === "fulfilled" ? next : old)
      await trial.expectListed(trial.otherId, [])
    }
  }),
  changeCase("insertSession() refuses or ignores attribute names that no column has", async (trial, witness) => {
    for (const [n, name] of foreignNames.entries()) {
      const attributes = { label: "own", [name]: "x" }
      await expectInsertedOrRefused(trial, sessionOf(trial.userId, 10 + n, { attributes }))
      await trial.expectStored(witness)
    }
  }),
  changeCase("updateSession() refuses or ignores attribute names that no column has", async (trial, session) => {
    for (const name of foreignNames) {
      await settle(() => trial.adapter.updateSession(session.id, { [name]: "x" }))
      await trial.expectStored(session)
    }
  }),
  sessionCase("an attribute named __proto__ reaches no prototype", async ({ adapter, ...trial }) => {
    const [session, { id }] = [sessionOf(trial.userId, 1), await trial.addSession(trial.userId, 2)]
    await settle(() => adapter.insertSession({ ...session, attributes: protoAttributes() }))
    await settle(() => adapter.updateSession(id, protoAttributes()))
    expectEqual("isAdmin of a new object", columnOf({}, "isAdmin"), undefined)
    for (const each of [session.id, id]) {
      const found = await adapter.findSession(each)
      expectEqual("isAdmin of the attributes", columnOf(found?.session.attributes ?? {}, "isAdmin"), undefined)
      expectEqual("isAdmin of the session", columnOf(found?.session ?? {}, "isAdmin"), undefined)
    }
  }),
]

async function expectInsertedOrRefused({ adapter, ...trial }: Trial, session: Session): Promise<void> {
  const { status } = await settle(() => adapter.insertSession(session))
  if (status === "fulfilled") await trial.expectStored(session)
  else await trial.expectNoSession(session.id)
}

function coreAttributes({ otherId }: Trial): LabelRow[] {
  const values = [sessionId(99), otherId, 9e15, expiredAt(0)]
  return coreNames.flatMap((name) => values.map((value) => ({ [name]: value })))
}
