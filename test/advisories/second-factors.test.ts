import { describe, expect, test } from "vitest"

import { createAuth } from "../../src/index.ts"
import { ask } from "../../src/proof/proof.ts"
import { createWebAuth } from "../../src/web.ts"
import { keyOfAda, proofOf, setUp } from "../sign-in/set-up.ts"

// Mistakes of other libraries with second factors. Each number is an advisory.

describe("CVE-2026-44196, CVE-2026-58269, GHSA-4qvm-r4pr-v3wg: another way in asked for no second factor", () => {
  test.each(["password", "email", "oauth", "sign_up"] as const)("a sign-in by %s waits for it", async (method) => {
    const { door, factors, sessionsOf } = await setUp()
    factors.totp.enroll("ada")
    const begun = await door.beginSignIn(proofOf(method, "ada", async () => true))
    expect(begun).toMatchObject({ session: null, token: null, factors: ["totp"] })
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("signInWithPassword() waits for it, and does not take the auth itself", async () => {
    const { auth, door, users, factors, sessionsOf } = await setUp()
    factors.totp.enroll("ada")
    expect(await users.signInWithPassword(door, keyOfAda)).toMatchObject({ session: null })
    await expect(users.signInWithPassword(auth, keyOfAda)).rejects.toMatchObject({ code: "unsupported" })
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("[PRF-3] createSession(), withRequest(), withAdapter() and a wrapper's signIn() make no session", async () => {
    const { auth, adapter, sessionsOf } = await setUp()
    const request = createWebAuth(auth).handleRequest(new Request("https://example.com/", { method: "POST" }))
    for (const signIn of [
      () => auth.createSession("ada"),
      () => auth.withRequest({}).createSession("ada"),
      () => auth.withAdapter(adapter).createSession("ada"),
      () => request.signIn("ada"),
    ])
      await expect(signIn()).rejects.toMatchObject({ code: "unsupported" })
    expect(await sessionsOf("ada")).toEqual([])
  })

  test("[PRF-1] no proof is made by hand, from JSON, or of the fields of another one", async () => {
    const { door, passwordProof, sessionsOf } = await setUp()
    const proof = await passwordProof()
    for (const made of [{ ...proof }, JSON.parse(JSON.stringify(proof)), { userId: "ada", method: "passkey" }])
      await expect(door.beginSignIn(made)).rejects.toMatchObject({ code: "proof_void" })
    expect(await sessionsOf("ada")).toEqual([])
  })
})

describe("GHSA-xg6x-h9c9-2m83: a sign-in that was half done counted as a session", () => {
  test("[PRF-4] a pending sign-in is no session, for any call that takes a token", async () => {
    const { auth, door, factors, begin, passwordProof, memory } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    const reader = createAuth({ adapter: memory })
    for (const { validateSession, rotateSession } of [auth, reader]) {
      expect(await validateSession(pending)).toMatchObject({ session: null })
      expect(await rotateSession(pending)).toBeNull()
    }
    const cookie = `${auth.sessionCookieName}=${pending}`
    const request = createWebAuth(auth).handleRequest(new Request("https://example.com/", { headers: { cookie } }))
    expect(await request.validate()).toBeNull()
    expect(await door.elevate({ sessionToken: pending, proof: await passwordProof() })).toBeNull()
    expect(await auth.getUserSessions("ada")).toEqual([])
  })

  test("a sign-in that was taken back leaves no session, though it was stored for a moment", async () => {
    const { auth, door, factors, begin, options } = await setUp()
    factors.totp.enroll("ada")
    expect(options.users[ask]).toBeTypeOf("function")
    const gone = async () => {
      factors.totp.remove("ada")
      return false
    }
    expect(await door.finishSignIn(await begin(), async () => proofOf("totp", "ada", gone))).toBeNull()
    expect(await auth.getUserSessions("ada")).toEqual([])
  })
})

describe("CVE-2026-111949: a second factor was enrolled while the sign-in waited for one", () => {
  test("a pending sign-in names no session that could ask for a new key, and ends no other", async () => {
    const { users, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    const key = { providerId: "github", providerUserId: "mallory", userId: "ada" }
    await expect(users.createKey({ ...key, sessionId: pending })).rejects.toMatchObject({ code: "invalid_option" })
    expect(await users.getUserKeys("ada")).toHaveLength(1)
  })

  test("a factor that was enrolled meanwhile does not finish it", async () => {
    const { door, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    const pending = await begin()
    factors.passkey.enroll("ada")
    factors.recovery.enroll("ada")
    expect(await door.finishSignIn(pending, factors.passkey.verify)).toBeNull()
    expect(await door.finishSignIn(pending, factors.recovery.verify)).toBeNull()
  })

  test("the attacker's own second factor does not finish it", async () => {
    const { door, factors, begin } = await setUp()
    factors.totp.enroll("ada")
    factors.totp.enroll("grace")
    expect(await door.finishSignIn(await begin(), () => factors.totp.verify("grace"))).toBeNull()
  })
})

describe("CVE-2026-78619: a recovery code of one user finished the sign-in of another", () => {
  test("the proof of another user's code is null, the try is counted, and the user's own code still works", async () => {
    const { door, factors, begin, sessionsOf } = await setUp()
    for (const user of ["ada", "grace"]) {
      factors.totp.enroll(user)
      factors.recovery.enroll(user)
    }
    const pending = await begin()
    for (let tries = 0; tries < 4; tries++)
      expect(await door.finishSignIn(pending, () => factors.recovery.verify("grace"))).toBeNull()
    expect([...(await sessionsOf("ada")), ...(await sessionsOf("grace"))]).toEqual([])
    expect(await door.finishSignIn(pending, factors.recovery.verify)).toMatchObject({ session: { userId: "ada" } })
  })
})
