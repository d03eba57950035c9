import { afterEach, describe, expect, test, vi } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createAuth } from "../../src/index.ts"
import { makeProof, proofLifetime } from "../../src/proof/proof.ts"
import type { Method } from "../../src/proof/proof.ts"
import { createSignIn } from "../../src/sign-in.ts"
import { createStatelessAuth } from "../../src/stateless.ts"
import { createWebAuth } from "../../src/web.ts"
import { strangerToken } from "../core/auth-fixture.ts"
import { keyOfAda, keyOfGrace, minute, proofOf, setUp } from "./set-up.ts"

const voided = expect.objectContaining({ name: "AuthError", code: "proof_void" })
const invalid = (message: string) => expect.objectContaining({ code: "invalid_option", message })

afterEach(() => {
  vi.restoreAllMocks()
})

describe("createSignIn()", () => {
  test("refuses an auth that takes sign-ins without proofs, and says what to do", async () => {
    const { options } = await setUp()
    const auth = createAuth({ adapter: memoryAdapter<{ id: string }>() })
    expect(() => createSignIn({ ...options, auth })).toThrow(
      invalid("auth: object is not proofsOnly; use createAuth({ proofsOnly: true })"),
    )
  })

  test("is not for stateless auths, which have no door", async () => {
    const { options } = await setUp()
    const auth = createStatelessAuth({
      secrets: ["a secret that is long enough for tests"],
    }) as unknown as typeof options.auth
    expect(() => createSignIn({ ...options, auth })).toThrow(expect.objectContaining({ code: "unsupported" }))
    expect(() => createSignIn({ ...options, auth: undefined! })).toThrow(
      expect.objectContaining({ code: "unsupported", message: "auth: stores no sessions; use createAuth()" }),
    )
  })

  test("names what is missing in users, tokens and factors", async () => {
    const { options } = await setUp()
    const missing = (message: string) => expect.objectContaining({ code: "missing_port", message })
    const modules = missing("users, tokens: use createUsers() and createTokens()")
    expect(() => createSignIn({ ...options, users: {} as typeof options.users })).toThrow(modules)
    expect(() => createSignIn({ ...options, tokens: {} as typeof options.tokens })).toThrow(modules)
    expect(() => createSignIn({ ...options, factors: [{} as (typeof options.factors)[0]] })).toThrow(
      missing("factors: factorsOf() is missing; add it"),
    )
  })

  test("refuses an unknown option", async () => {
    const { options } = await setUp()
    expect(() => createSignIn({ ...options, relm: "staff" } as typeof options)).toThrow(/did you mean "realm"/)
  })

  test("[PRF-3] is the only way to a session: createSession() is unsupported with proofsOnly", async () => {
    const { auth, sessionsOf } = await setUp()
    await expect(auth.createSession("ada")).rejects.toMatchObject({
      code: "unsupported",
      message: "proofsOnly: true; use createSignIn()",
    })
    await expect(auth.withRequest({}).createSession("ada")).rejects.toMatchObject({ code: "unsupported" })
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("is not needed: without proofsOnly createSession() is open as before", async () => {
    const adapter = memoryAdapter<{ id: string }>()
    await adapter.insertUser({ id: "ada", attributes: {} }, null)
    expect(await createAuth({ adapter }).createSession("ada")).toMatchObject({ session: { userId: "ada" } })
  })
})

describe("the columns of the library", () => {
  test.each(["methods", "authenticated_at", "device_key"])(
    "%s is refused in every call of the application",
    async (name) => {
      const { auth, door, passwordProof } = await setUp()
      const attributes = { [name]: "x" }
      const refused = invalid(`attributes: "${name}" is not yours; remove it`)
      const { token, session } = await door.beginSignIn(await passwordProof())
      await expect(auth.rotateSession(token, attributes)).rejects.toEqual(refused)
      await expect(auth.updateSession(session!.id, attributes)).rejects.toEqual(refused)
      await expect(door.beginSignIn(await passwordProof(), attributes)).rejects.toEqual(refused)
      const open = createAuth({ adapter: memoryAdapter<{ id: string }>() })
      await expect(open.createSession("ada", attributes)).rejects.toEqual(refused)
    },
  )
})

describe("beginSignIn()", () => {
  test("signs in a user who has no second factor, with attributes", async () => {
    const { door, auth, passwordProof, now } = await setUp()
    const begun = await door.beginSignIn(await passwordProof(), { label: "phone" })
    expect(begun).toEqual({ session: expect.anything(), token: expect.any(String), pending: null })
    expect(await auth.validateSession(begun.token)).toMatchObject({
      session: {
        userId: "ada",
        label: "phone",
        methods: ["password"],
        provenAt: { password: new Date(now()) },
        authenticatedAt: new Date(now()),
        level: 1,
      },
    })
  })

  test("asks each factor module once, and whether the proof still holds once, and nothing else", async () => {
    const { door, passwordProof, calls } = await setUp()
    const proof = await passwordProof()
    await door.beginSignIn(proof)
    expect(calls).toEqual(["factorsOf totp", "factorsOf passkey", "factorsOf recovery", "insertSession", "findKey"])
  })

  test("asks all factor modules at the same time", async () => {
    const { options, passwordProof } = await setUp()
    let running = 0
    let most = 0
    const slow = {
      async factorsOf() {
        most = Math.max(most, ++running)
        await new Promise(setImmediate)
        running--
        return []
      },
    }
    await createSignIn({ ...options, factors: [slow, slow, slow] }).beginSignIn(await passwordProof())
    expect(most).toBe(3)
  })

  test("waits for a second factor if the user has one, without a session", async () => {
    const { door, auth, factors, passwordProof, calls, events, sessionsOf } = await setUp()
    factors.totp.enroll("ada")
    factors.recovery.enroll("ada")
    const proof = await passwordProof()
    const begun = await door.beginSignIn(proof)
    expect(begun).toEqual({ session: null, token: null, pending: expect.any(String), factors: ["totp", "recovery"] })
    expect(calls).toEqual(["factorsOf totp", "factorsOf passkey", "factorsOf recovery", "insertTokens"])
    expect(events.map(({ type, userId }) => [type, userId])).toEqual([["second_factor_asked", "ada"]])
    expect(await sessionsOf("ada")).toEqual([])
    expect(await auth.validateSession(begun.pending)).toMatchObject({ session: null })
  })

  test("does not wait for recovery codes alone", async () => {
    const { door, factors, passwordProof } = await setUp()
    factors.recovery.enroll("ada")
    expect(await door.beginSignIn(await passwordProof())).toMatchObject({ pending: null })
  })

  test.each(["password", "email", "oauth", "passkey", "sign_up"] as const)("can begin by %s", async (method) => {
    const { door } = await setUp()
    const proof = proofOf(method, "ada", async () => true)
    expect(await door.beginSignIn(proof)).toMatchObject({ session: { userId: "ada", methods: [method] } })
  })

  test.each(["totp", "recovery"] as const)("cannot begin by %s", async (method) => {
    const { door, sessionsOf } = await setUp()
    await expect(door.beginSignIn(proofOf(method))).rejects.toEqual(voided)
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("asks for nothing after a method in `sufficient`, which is a passkey by default", async () => {
    const { door, factors, calls } = await setUp()
    factors.totp.enroll("ada")
    factors.passkey.enroll("ada")
    const proof = (await factors.passkey.verify("ada"))!
    expect(await door.beginSignIn(proof)).toMatchObject({ session: { level: 2 }, pending: null })
    expect(calls).toEqual(["insertSession", "still passkey"])
  })

  test("waits after any method if `sufficient` is empty", async () => {
    const { door, factors } = await setUp({ sufficient: [] })
    factors.totp.enroll("ada")
    factors.passkey.enroll("ada")
    const proof = (await factors.passkey.verify("ada"))!
    expect(await door.beginSignIn(proof)).toMatchObject({ session: null, factors: ["totp"] })
  })

  test("does not ask for a passkey after a passkey", async () => {
    const { door, factors } = await setUp({ sufficient: [] })
    factors.passkey.enroll("ada")
    expect(await door.beginSignIn((await factors.passkey.verify("ada"))!)).toMatchObject({ pending: null })
  })

  test("throws proof_void for a spent, late, foreign or invented proof, and stores nothing", async () => {
    const { door, passwordProof, sessionsOf } = await setUp()
    const proof = await passwordProof()
    await door.beginSignIn(proof)
    await expect(door.beginSignIn(proof)).rejects.toEqual(voided)
    const late = await passwordProof()
    const later = performance.now() + proofLifetime + 1
    vi.spyOn(performance, "now").mockReturnValue(later)
    await expect(door.beginSignIn(late)).rejects.toEqual(voided)
    const foreign = makeProof({ realm: "staff", userId: "ada", method: "password", stillHolds: async () => true })
    await expect(door.beginSignIn(foreign)).rejects.toEqual(voided)
    await expect(door.beginSignIn({ userId: "ada", method: "password" } as typeof proof)).rejects.toEqual(voided)
    expect(await sessionsOf("ada")).toHaveLength(1)
  })

  test("burns the proof before it waits for anything: of 50 racing calls one signs in", async () => {
    const { door, passwordProof, sessionsOf } = await setUp()
    const proof = await passwordProof()
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => door.beginSignIn(proof)))
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
    expect(await sessionsOf("ada")).toHaveLength(1)
  })

  test("takes proofs of its own realm", async () => {
    const { door } = await setUp({ realm: "staff" })
    const stillHolds = async () => true
    const proof = makeProof({ realm: "staff", userId: "ada", method: "email" as const, stillHolds })
    expect(await door.beginSignIn(proof)).toMatchObject({ session: { userId: "ada" } })
    await expect(door.beginSignIn(proofOf("email"))).rejects.toEqual(voided)
  })

  test("throws what a factor module throws, and signs nobody in", async () => {
    const { options, passwordProof, sessionsOf } = await setUp()
    const out = { factorsOf: () => Promise.reject(new Error("the database is down")) }
    const door = createSignIn({ ...options, factors: [out] })
    await expect(door.beginSignIn(await passwordProof())).rejects.toMatchObject({ code: "store_failed" })
    expect(await sessionsOf("ada")).toEqual([])
  })

  test.each([
    ["a date", new Date(0), "object"],
    ["a bigint", 1n, "1"],
    ["an object", {}, "object"],
    ["NaN", NaN, "NaN"],
    ["infinity", Infinity, "Infinity"],
  ])("refuses %s as an attribute, whether the user has a second factor or not", async (_what, value, shown) => {
    const { door, factors, passwordProof } = await setUp()
    const refused = invalid(`attributes.label: ${shown} cannot wait for a second factor; use text or a number`)
    const attributes = { label: value as string }
    await expect(door.beginSignIn(await passwordProof(), attributes)).rejects.toEqual(refused)
    factors.totp.enroll("ada")
    await expect(door.beginSignIn(await passwordProof(), attributes)).rejects.toEqual(refused)
  })

  test("[PRF-2] throws proof_void if the password is changed meanwhile, and leaves no session", async () => {
    const { door, users, passwordProof, sessionsOf } = await setUp({
      adapter: (memory) => ({
        async insertSession(session) {
          await users.updateUserPassword({ userId: "ada", password: "a new password" })
          await memory.insertSession(session)
        },
      }),
    })
    await expect(door.beginSignIn(await passwordProof())).rejects.toEqual(voided)
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("throws proof_void if the user is deleted meanwhile", async () => {
    const { door, users, factors, passwordProof, sessionsOf } = await setUp()
    const proof = await passwordProof()
    await users.deleteUser("ada")
    await expect(door.beginSignIn(proof)).rejects.toEqual(voided)
    const later = await passwordProof(keyOfGrace)
    factors.totp.enroll("grace")
    await users.deleteUser("grace")
    await expect(door.beginSignIn(later)).rejects.toEqual(voided)
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("stores no columns that the application does not show", async () => {
    const { door, memory, passwordProof } = await setUp({ showsAssurance: false })
    const { session } = await door.beginSignIn(await passwordProof(), { label: "phone" })
    expect((await memory.findSession(session!.id))?.session.attributes).toEqual({ label: "phone" })
  })

  test("takes a provider's word for when the user signed in there, but not for a time in the future", async () => {
    const { door, now } = await setUp()
    const stillHolds = async () => true
    const signInAt = (provenAt: number) =>
      door.beginSignIn(makeProof({ realm: "user", userId: "ada", method: "oauth" as const, provenAt, stillHolds }))
    const early = new Date(now() - 60 * minute)
    expect(await signInAt(early.getTime())).toMatchObject({ session: { authenticatedAt: early } })
    expect(await signInAt(now() + minute)).toMatchObject({ session: { authenticatedAt: new Date(now()) } })
  })
})

describe("peekSignIn()", () => {
  test("says whose sign-in waits, and for what, and uses nothing up", async () => {
    const { door, factors, begin, calls } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    for (let times = 0; times < 10; times++)
      expect(await door.peekSignIn(pending)).toEqual({ userId: "ada", factors: ["totp"] })
    expect(calls).toEqual(Array.from({ length: 10 }, () => "findToken"))
  })

  test("[INP-1][INP-4] is null for what is no pending sign-in, and costs nothing if it is not shaped like one", async () => {
    const { door, calls } = await setUp()
    for (const odd of ["", "x", null, undefined, 5, {}, [strangerToken]]) expect(await door.peekSignIn(odd)).toBeNull()
    expect(calls).toEqual([])
    expect(await door.peekSignIn(strangerToken)).toBeNull()
  })

  test("is null when the tries are used up", async () => {
    const { door, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    for (let tries = 0; tries < 5; tries++) await door.finishSignIn(pending, async () => null)
    expect(await door.peekSignIn(pending)).toBeNull()
  })
})

describe("finishSignIn()", () => {
  test("signs in by both methods, with the attributes that waited", async () => {
    const { door, auth, factors, now, passwordProof } = await setUp()
    factors.totp.enroll("ada")
    const { pending } = await door.beginSignIn(await passwordProof(), { label: "phone" })
    const [began, finished] = [new Date(now()), new Date(now.advance(minute))]
    const signedIn = await door.finishSignIn(pending, factors.totp.verify)
    expect(await auth.validateSession(signedIn?.token)).toMatchObject({
      session: {
        userId: "ada",
        label: "phone",
        methods: ["password", "totp"],
        provenAt: { password: began, totp: finished },
        authenticatedAt: finished,
        level: 2,
      },
    })
  })

  test.each([
    [{ label: null, device: 7 }],
    [{ label: "", device: 0 }],
    [{ label: "7", device: -1.5 }],
    [{ label: "null", device: null }],
  ])("stores attributes that waited as they were: %j", async (attributes) => {
    const { door, factors, memory, passwordProof } = await setUp()
    factors.totp.enroll("ada")
    const { pending } = await door.beginSignIn(await passwordProof(), attributes)
    const signedIn = await door.finishSignIn(pending, factors.totp.verify)
    const stored = await memory.findSession(signedIn!.session.id)
    const { methods: _methods, authenticated_at: _at, ...kept } = stored!.session.attributes
    expect(kept).toEqual(attributes)
  })

  test("costs the try, the token, the session and a question about each proof", async () => {
    const { door, factors, begin, calls } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    await door.finishSignIn(pending, factors.totp.verify)
    expect(calls).toEqual(["tryToken", "takeToken", "insertSession", "findKey", "still totp"])
  })

  test.each(["totp", "passkey", "recovery"] as const)("can finish by %s", async (factor) => {
    const { door, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    factors[factor].enroll("ada")
    const pending = await begin()
    expect(await door.finishSignIn(pending, factors[factor].verify)).toMatchObject({ session: { level: 2 } })
  })

  test.each(["password", "email", "oauth", "sign_up"] as const)("never finishes by %s", async (method) => {
    const { door, factors, begin, sessionsOf } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    expect(await door.finishSignIn(pending, async () => proofOf(method, "ada", async () => true))).toBeNull()
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("never finishes by a factor that the user did not have when it began", async () => {
    const { door, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    factors.passkey.enroll("ada")
    expect(await door.finishSignIn(pending, factors.passkey.verify)).toBeNull()
  })

  test("counts the try first, then asks for a proof of the user who began", async () => {
    const { door, factors, begin, calls } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    await door.finishSignIn(pending, async (userId) => {
      expect(userId).toBe("ada")
      expect(calls).toEqual(["tryToken"])
      return null
    })
  })

  test("[PRF-4] is null after five wrong tries, even for the right code", async () => {
    const { door, factors, begin, events } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    for (let tries = 0; tries < 5; tries++) {
      expect(await door.finishSignIn(pending, (userId) => factors.totp.verify(userId, "wrong"))).toBeNull()
    }
    const verify = vi.fn(factors.totp.verify)
    expect(await door.finishSignIn(pending, verify)).toBeNull()
    expect(verify).not.toHaveBeenCalled()
    const refused = events.filter(({ type }) => type === "second_factor_refused")
    expect(refused.map(({ userId, reason }) => [userId, reason])).toEqual([
      ...Array.from({ length: 5 }, () => ["ada", "not_proven"]),
      [undefined, "unknown"],
    ])
  })

  test("takes the right code at the fifth try", async () => {
    const { door, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    for (let tries = 0; tries < 4; tries++) await door.finishSignIn(pending, async () => null)
    expect(await door.finishSignIn(pending, factors.totp.verify)).not.toBeNull()
  })

  test("[PRF-4] lets fifty racing guesses have five tries", async () => {
    const { door, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    const verify = vi.fn(async () => null)
    await Promise.all(Array.from({ length: 50 }, () => door.finishSignIn(pending, verify)))
    expect(verify).toHaveBeenCalledTimes(5)
  })

  test("[PRF-4] makes one session of fifty racing calls", async () => {
    const { door, factors, begin, sessionsOf } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    const results = await Promise.all(Array.from({ length: 50 }, () => door.finishSignIn(pending, factors.totp.verify)))
    expect(results.filter((signedIn) => signedIn !== null)).toHaveLength(1)
    expect(await sessionsOf("ada")).toHaveLength(1)
  })

  test.each([
    [-1, true],
    [0, false],
    [1, false],
  ])("at 10 minutes and %d ms: signed in is %s", async (offset, signsIn) => {
    const { door, factors, begin, now } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    now.advance(10 * minute + offset)
    expect((await door.peekSignIn(pending)) !== null).toBe(signsIn)
    expect((await door.finishSignIn(pending, factors.totp.verify)) !== null).toBe(signsIn)
  })

  test("is null for another user's proof, and counts the try", async () => {
    const { door, factors, begin, sessionsOf } = await setUp()
    factors.totp.enroll("ada")
    factors.totp.enroll("grace")
    const pending = await begin()
    for (let tries = 0; tries < 5; tries++)
      expect(await door.finishSignIn(pending, () => factors.totp.verify("grace"))).toBeNull()
    expect(await door.finishSignIn(pending, factors.totp.verify)).toBeNull()
    expect([...(await sessionsOf("ada")), ...(await sessionsOf("grace"))]).toEqual([])
  })

  test("is null for a pending sign-in of another realm, whose user of that id is somebody else", async () => {
    const { begin, options, factors, sessionsOf } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    const staff = createSignIn({ ...options, realm: "staff" })
    const verify = vi.fn(async () => makeProof({ realm: "staff", userId: "ada", method: "totp" as const }))
    expect(await staff.peekSignIn(pending)).toBeNull()
    expect(await staff.finishSignIn(pending, verify)).toBeNull()
    expect(verify).not.toHaveBeenCalled()
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("is null for a spent proof, one of another realm, and what is no proof", async () => {
    const { door, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    const spent = (await factors.totp.verify("ada"))!
    await expect(door.beginSignIn(spent)).rejects.toEqual(voided)
    const foreign = makeProof({ realm: "staff", userId: "ada", method: "totp" as const })
    const invented = { userId: "ada", method: "totp" } as typeof spent
    const pending = await begin()
    for (const proof of [spent, foreign, invented, true as unknown as typeof spent])
      expect(await door.finishSignIn(pending, async () => proof)).toBeNull()
    expect(await door.finishSignIn(pending, factors.totp.verify)).not.toBeNull()
  })

  test("throws what verify throws, and the try stays counted", async () => {
    const { door, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    const outage = new Error("the database is down")
    for (let tries = 0; tries < 5; tries++)
      await expect(door.finishSignIn(pending, () => Promise.reject(outage))).rejects.toBe(outage)
    expect(await door.finishSignIn(pending, factors.totp.verify)).toBeNull()
  })

  test.each([
    ["the same store", false, "unknown"],
    ["another store", true, "changed"],
  ])("is null if the password was changed meanwhile, with tokens in %s", async (_where, tokensElsewhere, reason) => {
    const { door, users, factors, begin, sessionsOf, events } = await setUp({ tokensElsewhere })
    factors.totp.enroll("ada")
    const pending = await begin()
    await users.updateUserPassword({ userId: "ada", password: "a new password" })
    expect(await door.finishSignIn(pending, factors.totp.verify)).toBeNull()
    expect(await sessionsOf("ada")).toEqual([])
    expect(events.at(-1)).toMatchObject({ type: "second_factor_refused", reason })
  })

  test("is null if the password is changed between the try and the session", async () => {
    const { door, users, factors, begin, sessionsOf } = await setUp({
      adapter: (memory) => ({
        async insertSession(session) {
          await users.updateUserPassword({ userId: "ada", password: "a new password" })
          await memory.insertSession(session)
        },
      }),
    })
    factors.totp.enroll("ada")
    expect(await door.finishSignIn(await begin(), factors.totp.verify)).toBeNull()
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("[PRF-2] is null if the second factor is removed while the session is being stored", async () => {
    const { door, factors, begin, sessionsOf } = await setUp({
      adapter: (memory) => ({
        async insertSession(session) {
          factors.totp.remove("ada")
          await memory.insertSession(session)
        },
      }),
    })
    factors.totp.enroll("ada")
    expect(await door.finishSignIn(await begin(), factors.totp.verify)).toBeNull()
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("is null if the passkey of the first step was removed while the sign-in waited", async () => {
    const { door, factors, sessionsOf } = await setUp({ sufficient: [] })
    factors.passkey.enroll("ada")
    factors.totp.enroll("ada")
    const { pending } = await door.beginSignIn((await factors.passkey.verify("ada"))!)
    factors.passkey.remove("ada")
    expect(await door.finishSignIn(pending, factors.totp.verify)).toBeNull()
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("asks the passkey's module about a passkey, and signs in if it is still there", async () => {
    const { door, factors } = await setUp({ sufficient: [] })
    factors.passkey.enroll("ada")
    factors.totp.enroll("ada")
    const { pending } = await door.beginSignIn((await factors.passkey.verify("ada"))!)
    expect(await door.finishSignIn(pending, factors.totp.verify)).toMatchObject({ session: { level: 2 } })
  })

  test("is null if the user was deleted while the sign-in waited", async () => {
    const { door, users, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    await users.deleteUser("ada")
    expect(await door.peekSignIn(pending)).toBeNull()
    expect(await door.finishSignIn(pending, factors.totp.verify)).toBeNull()
  })

  test("is null if the user is deleted while the session is being stored", async () => {
    const { door, users, factors, begin } = await setUp({
      adapter: (memory) => ({
        async insertSession(session) {
          await users.deleteUser("ada")
          await memory.insertSession(session)
        },
      }),
    })
    factors.totp.enroll("ada")
    expect(await door.finishSignIn(await begin(), factors.totp.verify)).toBeNull()
  })

  test("reports the session it made", async () => {
    const { door, factors, begin, events } = await setUp()
    factors.totp.enroll("ada")
    const signedIn = await door.finishSignIn(await begin(), factors.totp.verify)
    expect(events.map(({ type, sessionId }) => [type, sessionId])).toEqual([
      ["second_factor_asked", undefined],
      ["session_created", signedIn?.session.id],
    ])
  })
})

describe("elevate()", () => {
  test("[EXP-9] gives the session a new token, with the method and the time added in one statement", async () => {
    const { door, auth, passwordProof, factors, now, calls, events } = await setUp()
    const { token, session } = await door.beginSignIn(await passwordProof(), { label: "phone" })
    const began = new Date(now())
    const later = new Date(now.advance(minute))
    factors.totp.enroll("ada")
    const proof = (await factors.totp.verify("ada"))!
    calls.splice(0)
    events.splice(0)
    const elevated = await door.elevate({ sessionToken: token, proof })
    expect(calls).toEqual(["findSession", "findSession", "replaceSession", "still totp"])
    expect(await auth.validateSession(token)).toMatchObject({ session: null })
    expect(await auth.validateSession(elevated?.token)).toMatchObject({
      session: {
        createdAt: session!.createdAt,
        label: "phone",
        methods: ["password", "totp"],
        provenAt: { password: began, totp: later },
        authenticatedAt: later,
        level: 2,
      },
    })
    expect(events.slice(0, 2).map(({ type, userId, sessionId }) => [type, userId, sessionId])).toEqual([
      ["session_rotated", "ada", elevated!.session.id],
      ["session_elevated", "ada", elevated!.session.id],
    ])
  })

  test("replaces the time of a method that was proved before", async () => {
    const { door, passwordProof, now } = await setUp()
    const { token } = await door.beginSignIn(await passwordProof())
    const later = new Date(now.advance(minute))
    const elevated = await door.elevate({ sessionToken: token, proof: await passwordProof() })
    expect(elevated?.session).toMatchObject({ methods: ["password"], provenAt: { password: later }, level: 1 })
  })

  test("keeps the time at which a provider says that the user signed in", async () => {
    const { door, passwordProof, now } = await setUp()
    const { token } = await door.beginSignIn(await passwordProof())
    const provenAt = now() - 30 * minute
    const proof = makeProof({
      realm: "user",
      userId: "ada",
      method: "oauth" as const,
      provenAt,
      stillHolds: async () => true,
    })
    const elevated = await door.elevate({ sessionToken: token, proof })
    expect(elevated?.session).toMatchObject({
      provenAt: { oauth: new Date(provenAt) },
      authenticatedAt: new Date(now()),
    })
  })

  test("is null for a provider that does not say when the user signed in there, and the proof is burnt", async () => {
    const { door, auth, passwordProof } = await setUp()
    const { token, session } = await door.beginSignIn(await passwordProof())
    const proof = makeProof({ realm: "user", userId: "ada", method: "oauth" as const, stillHolds: async () => true })
    expect(await door.elevate({ sessionToken: token, proof })).toBeNull()
    expect(await auth.validateSession(token)).toMatchObject({ session: { methods: session!.methods } })
    await expect(door.elevate({ sessionToken: token, proof })).rejects.toEqual(voided)
  })

  test("is null for another user's session, which stays as it is, and the proof is burnt", async () => {
    const { door, auth, passwordProof } = await setUp()
    const { token } = await door.beginSignIn(await passwordProof())
    const proof = await passwordProof(keyOfGrace)
    expect(await door.elevate({ sessionToken: token, proof })).toBeNull()
    expect(await auth.validateSession(token)).toMatchObject({ session: { userId: "ada" } })
    await expect(door.elevate({ sessionToken: token, proof })).rejects.toEqual(voided)
  })

  test("is null for a session that has ended and for what is no token", async () => {
    const { door, auth, passwordProof } = await setUp()
    const { token, session } = await door.beginSignIn(await passwordProof())
    await auth.invalidateSession(session!.id)
    for (const sessionToken of [token, strangerToken, "x", null, undefined, {}])
      expect(await door.elevate({ sessionToken, proof: await passwordProof() })).toBeNull()
  })

  test("throws proof_void for a proof that was used, and leaves the session alone", async () => {
    const { door, auth, passwordProof } = await setUp()
    const proof = await passwordProof()
    const { token } = await door.beginSignIn(proof)
    await expect(door.elevate({ sessionToken: token, proof })).rejects.toEqual(voided)
    expect(await auth.validateSession(token)).toMatchObject({ session: { userId: "ada" } })
  })

  test("is null if the password is changed meanwhile, and leaves no session", async () => {
    const { door, users, passwordProof, sessionsOf, events } = await setUp({
      adapter: (memory) => ({
        async replaceSession(oldId, session) {
          await users.updateUserPassword({ userId: "ada", password: "a new password" }, { except: oldId })
          return memory.replaceSession(oldId, session)
        },
      }),
    })
    const { token } = await door.beginSignIn(await passwordProof())
    expect(await door.elevate({ sessionToken: token, proof: await passwordProof() })).toBeNull()
    expect(await sessionsOf("ada")).toEqual([])
    expect(events.map(({ type }) => type)).not.toContain("session_elevated")
  })

  test("throws invalid_option where sessions do not show assurance", async () => {
    const { door, auth, passwordProof } = await setUp({ showsAssurance: false })
    const { token } = await door.beginSignIn(await passwordProof())
    await expect(door.elevate({ sessionToken: token, proof: await passwordProof() })).rejects.toMatchObject({
      code: "invalid_option",
      message: expect.stringMatching(/assuranceColumns.*assurance/),
    })
    expect(await auth.validateSession(token)).toMatchObject({ session: { userId: "ada" } })
  })

  test("keeps the mark of a cookie that ends with the browser", async () => {
    const { door, passwordProof } = await setUp()
    const { token } = await door.beginSignIn(await passwordProof())
    const elevated = await door.elevate({ sessionToken: `${token}~`, proof: await passwordProof() })
    expect(elevated?.token).toMatch(/~$/)
  })
})

describe("a wrapper", () => {
  test("elevates the session of its request, and confirms what recent() asks", async () => {
    const { door, auth, passwordProof, now } = await setUp()
    const { token } = await door.beginSignIn(await passwordProof())
    const web = createWebAuth(auth)
    const authorize = door.recent({ within: "10m" })
    const memberBy = (bearer: string | null) =>
      web.memberOf(new Request("https://example.com/", { headers: { authorization: `Bearer ${bearer}` } }), {
        authorize,
      })
    now.advance(11 * minute)
    expect(await memberBy(token)).toEqual({ member: null, refused: "confirm" })
    const cookie = `${auth.sessionCookieName}=${token}`
    const request = web.handleRequest(new Request("https://example.com/", { headers: { cookie } }))
    expect(await request.elevate(door, await passwordProof())).toBe(true)
    const response = await request.applyTo(new Response())
    const elevated = auth.readSessionCookie(response.headers.getSetCookie()[0])
    expect(await memberBy(elevated)).toMatchObject({ member: { user: { id: "ada" } } })
    expect(await memberBy(token)).toEqual({ member: null, refused: "signed_out" })
  })
})

describe("recent()", () => {
  async function memberAfter(methods: Method[], ages: number[] = []) {
    const all = await setUp()
    const provenAt = Object.fromEntries(methods.map((method, at) => [method, new Date(all.now() - (ages[at] ?? 0))]))
    const session = { userId: "ada", provenAt, methods, level: 1 as const }
    const member = { session, user: { id: "ada" } } as unknown as Parameters<ReturnType<typeof all.door.recent>>[0]
    return { ...all, member }
  }

  test("lets in a user who has no second factor and proved the password within that time", async () => {
    const { door, member } = await memberAfter(["password"])
    expect(await door.recent({ within: "10m" })(member)).toBe(true)
  })

  test.each([
    [10 * minute - 1, true],
    [10 * minute, "confirm"],
    [10 * minute + 1, "confirm"],
    [1 - 10 * minute, true],
    [-10 * minute, "confirm"],
  ])("a proof of %d ms ago: %s", async (age, decision) => {
    const { door, member } = await memberAfter(["password"], [age])
    expect(await door.recent({ within: "10m" })(member)).toBe(decision)
  })

  test("[PRF-5] wants a second factor of a user who has one", async () => {
    const { door, member, factors } = await memberAfter(["password"])
    factors.totp.enroll("ada")
    expect(await door.recent({ within: "10m" })(member)).toBe("confirm")
  })

  test("does not want a recovery code of a user who has nothing else", async () => {
    const { door, member, factors } = await memberAfter(["password"])
    factors.recovery.enroll("ada")
    expect(await door.recent({ within: "10m" })(member)).toBe(true)
  })

  test.each([
    ["a passkey", ["passkey"]],
    ["a password and a TOTP code", ["password", "totp"]],
    ["an e-mail and a TOTP code", ["email", "totp"]],
    ["a provider and a recovery code", ["oauth", "recovery"]],
    ["a sign-up and a TOTP code", ["sign_up", "totp"]],
  ] as [string, Method[]][])("is content with %s, and does not ask the store", async (_what, methods) => {
    const { door, member, factors, calls } = await memberAfter(methods)
    factors.totp.enroll("ada")
    expect(await door.recent({ within: "10m" })(member)).toBe(true)
    expect(calls).toEqual([])
  })

  test("[PRF-5] counts only methods that were proved within that time", async () => {
    const { door, member, factors } = await memberAfter(["password", "totp"], [11 * minute, minute])
    factors.totp.enroll("ada")
    expect(await door.recent({ within: "10m" })(member)).toBe("confirm")
  })

  test("does not ask the store when nothing was proved within that time", async () => {
    const { door, member, calls } = await memberAfter(["password"], [11 * minute])
    expect(await door.recent({ within: "10m" })(member)).toBe("confirm")
    expect(calls).toEqual([])
  })

  test("throws if the factors cannot be asked", async () => {
    const { options, member } = await memberAfter(["password"])
    const out = { factorsOf: () => Promise.reject(new Error("the database is down")) }
    const door = createSignIn({ ...options, factors: [out] })
    await expect(door.recent({ within: "10m" })(member)).rejects.toMatchObject({ code: "store_failed" })
  })

  test("throws invalid_option, naming the columns, where sessions do not show assurance", async () => {
    const { door } = await setUp()
    const member = { session: { userId: "ada" }, user: { id: "ada" } }
    await expect(
      (async () => door.recent({ within: "10m" })(member as Parameters<ReturnType<typeof door.recent>>[0]))(),
    ).rejects.toMatchObject({ code: "invalid_option", message: expect.stringMatching(/assuranceColumns.*assurance/) })
  })

  test("refuses what is no duration, and unknown options, when it is made", async () => {
    const { door } = await setUp()
    expect(() => door.recent({ within: "10 minutes" as "10m" })).toThrow(/^within: "10 minutes" is not a duration/)
    expect(() => door.recent({ within: "10m", whithin: "1h" } as { within: "10m" })).toThrow(/did you mean "within"/)
  })

  test("is an authorize() for the application's own sessions", async () => {
    const { door, auth, passwordProof } = await setUp()
    const { token } = await door.beginSignIn(await passwordProof())
    const validated = await auth.validateSession(token)
    if (!validated.session) throw new Error("not signed in")
    expect(await door.recent({ within: "1m" })(validated)).toBe(true)
  })
})

describe("signInWithPassword()", () => {
  test("resolves to what beginSignIn() does", async () => {
    const { door, users, factors } = await setUp()
    expect(await users.signInWithPassword(door, keyOfAda)).toMatchObject({ session: { userId: "ada" }, pending: null })
    factors.totp.enroll("ada")
    expect(await users.signInWithPassword(door, keyOfAda)).toMatchObject({ session: null, factors: ["totp"] })
    expect(await users.signInWithPassword(door, { ...keyOfAda, password: "wrong horse" })).toBeNull()
  })

  test("is null if the password is changed or the user deleted meanwhile", async () => {
    let meanwhile = async () => {}
    const { door, users } = await setUp({
      adapter: (memory) => ({
        async insertSession(session) {
          await meanwhile()
          await memory.insertSession(session)
        },
      }),
    })
    meanwhile = async () => void (await users.updateUserPassword({ userId: "ada", password: "a new password" }))
    expect(await users.signInWithPassword(door, keyOfAda)).toBeNull()
    meanwhile = () => users.deleteUser("grace")
    expect(await users.signInWithPassword(door, keyOfGrace)).toBeNull()
  })

  test("throws proof_void if the door is of another realm, which no visitor can cause", async () => {
    const { door, users } = await setUp({ realm: "staff" })
    await expect(users.signInWithPassword(door, keyOfAda)).rejects.toEqual(voided)
  })
})
