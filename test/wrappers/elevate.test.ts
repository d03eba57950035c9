import { afterEach, describe, expect, test } from "vitest"
import { door as doorOf } from "../../src/core/door.ts"
import { AuthError } from "../../src/index.ts"
import { createWebAuth } from "../../src/web.ts"
import { day, setUp as setUpAuth } from "../core/auth-fixture.ts"
import { browserAt, wrappers } from "./sites.ts"
import type { Site } from "./sites.ts"

interface Proof {
  userId: string
}

const opened: Site[] = []
afterEach(async () => {
  for (const site of opened.splice(0)) await site.close()
})

describe.each(wrappers)("elevate() of $name", ({ open }) => {
  test("records a proof in the session, under a new token, and the old one is dead", async () => {
    const { auth, browser, door, signIn, given } = await setUp()
    const old = await signIn()
    const { result, cookies } = await browser.visit(async ({ validate, elevate }) => {
      const before = await validate()
      return [await elevate(door, { userId: "user-1" }), before?.session, (await validate())?.session]
    }, "POST")
    expect(result).toMatchObject([true, { label: undefined }, { label: "elevated" }])
    expect(given).toEqual([{ sessionToken: old, proof: { userId: "user-1" } }])
    expect(cookies).toHaveLength(1)
    expect(await browser.username()).toBe("ada")
    expect((await auth.validateSession(old)).session).toBeNull()
  })

  test.each([true, false])("keeps how long the cookie lasts: “remember me” %j", async (persistent) => {
    const { browser, door } = await setUp()
    await browser.visit(({ signIn }) => signIn("user-1", { persistent }), "POST")
    const { cookies } = await browser.visit(({ elevate }) => elevate(door, { userId: "user-1" }), "POST")
    expect(cookies[0]?.includes("Max-Age")).toBe(persistent)
    browser.jar.restart()
    expect(await browser.username()).toBe(persistent ? "ada" : null)
  })

  test("keeps it when the door returns a token that does not say so", async () => {
    const { browser, door } = await setUp()
    const forgetful = {
      async elevate(presented: { sessionToken: string; proof: Proof }) {
        const elevated = await door.elevate(presented)
        return elevated && { token: elevated.token.replace("~", "") }
      },
    }
    await browser.visit(({ signIn }) => signIn("user-1", { persistent: false }), "POST")
    await browser.visit(({ elevate }) => elevate(forgetful, { userId: "user-1" }), "POST")
    expect(await browser.username()).toBe("ada")
    browser.jar.restart()
    expect(browser.jar.names()).toEqual([])
  })

  test("says no to another user's proof, and changes nothing", async () => {
    const { site, browser, door, signIn } = await setUp()
    const token = await signIn()
    const { result, cookies } = await browser.visit(({ elevate }) => elevate(door, { userId: "user-2" }), "POST")
    expect(result).toBe(false)
    expect(cookies).toEqual([])
    expect(browser.jar.header(site.origin)).toBe(`__Host-session=${token}`)
    expect(await browser.username()).toBe("ada")
  })

  test("says no when signed out, and leaves the proof alone", async () => {
    const { browser, door, given } = await setUp()
    const { result, cookies } = await browser.visit(({ elevate }) => elevate(door, { userId: "user-1" }), "POST")
    expect(result).toBe(false)
    expect(cookies).toEqual([])
    expect(given).toEqual([])
  })

  test("says no to a session that has ended", async () => {
    const { auth, browser, door, signIn } = await setUp()
    await signIn()
    await auth.invalidateUserSessions("user-1")
    const { result, cookies } = await browser.visit(({ elevate }) => elevate(door, { userId: "user-1" }), "POST")
    expect(result).toBe(false)
    expect(cookies).toEqual([])
  })

  test("[CSR-8] does nothing for another site", async () => {
    const { site, door, signIn, given } = await setUp()
    const cookie = `__Host-session=${await signIn()}`
    const foreign = { method: "POST", cookie, origin: "https://evil.example" }
    const visiting = site.visit(({ elevate }) => elevate(door, { userId: "user-1" }), foreign)
    const { result } = await visiting.catch((error: Error) => {
      expect(error.message).toBe("The request was not served: 403")
      return { result: false }
    })
    expect(result).toBe(false)
    expect(given).toEqual([])
  })

  test("throws what the door throws, and the session stays", async () => {
    const { browser, signIn } = await setUp()
    await signIn()
    const broken = { elevate: () => Promise.reject(new AuthError("proof_void", "proof: this one was given before")) }
    const { result } = await browser.visit(
      ({ elevate }) => elevate(broken, { userId: "user-1" }).catch((error: unknown) => error),
      "POST",
    )
    expect(result).toMatchObject({ code: "proof_void" })
    expect(await browser.username()).toBe("ada")
  })

  test("writes the cookie of a session that the request itself has made", async () => {
    const { browser, door, now } = await setUp()
    const { result, cookies } = await browser.visit(async ({ signIn, elevate, validate }) => {
      await signIn("user-2")
      await elevate(door, { userId: "user-2" })
      return (await validate())?.session
    }, "POST")
    expect(result).toMatchObject({ label: "elevated" })
    expect(cookies).toHaveLength(1)
    now.advance(day)
    expect(await browser.username()).toBe("grace")
  })

  async function setUp() {
    const { auth, now } = await setUpAuth()
    const site = await open(auth)
    opened.push(site)
    const browser = browserAt(site, now)
    const given: unknown[] = []
    const [inside] = auth[doorOf]()
    // As createSignIn() does it: the session of the same user, rotated and written to in one statement.
    const door = {
      async elevate(presented: { sessionToken: string; proof: Proof }) {
        given.push(presented)
        const { sessionToken, proof } = presented
        const { session } = await inside.validateSession(sessionToken)
        return session?.userId === proof.userId ? inside.rotateSession(sessionToken, { label: "elevated" }) : null
      },
    }
    const signIn = async () => (await browser.visit(({ signIn }) => signIn("user-1"), "POST")).result?.token ?? ""
    return { auth, now, site, browser, door, given, signIn }
  }
})

test("elevate() that is still under way when the response goes out is reported", async () => {
  const { auth } = await setUpAuth()
  const { token } = await auth.createSession("user-1")
  const headers = { Cookie: `__Host-session=${token}` }
  const request = createWebAuth(auth).handleRequest(new Request("https://app.example/", { headers }))
  const elevating = request.elevate({ elevate: () => auth.rotateSession(token) }, "proof")
  expect(() => request.applyTo(new Response())).toThrow("elevate() or signOut() was still under way")
  await expect(elevating).rejects.toMatchObject({ code: "headers_sent" })
})

test.each(wrappers)("$name leaves sign-in to createSignIn() where an auth takes proofs only", async ({ open }) => {
  const { auth, now, events } = await setUpAuth({ proofsOnly: true })
  const site = await open(auth)
  opened.push(site)
  const browser = browserAt(site, now)
  const { result, cookies } = await browser.visit(
    ({ signIn }) => signIn("user-1").catch((error: unknown) => error),
    "POST",
  )
  expect(result).toMatchObject({ code: "unsupported" })
  expect(cookies).toEqual([])
  expect(events).toEqual([])
  const { token } = await auth[doorOf]()[0].createSession("user-1")
  await browser.visit(({ setSession }) => setSession(token), "POST")
  expect(await browser.username()).toBe("ada")
})
