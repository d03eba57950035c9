import assert from "node:assert/strict"
import { challengeOfToken, only, openBound, proofCookieOf, sessionCookieOf } from "./bound.ts"
import { origin } from "./device-browser.ts"
import { minute, second } from "./set-up.ts"

/** What somebody does who has copied cookies. */
export const attacksOnCookies: Record<string, () => Promise<void>> = {
  "no claim of the client excuses a missing proof, and the event names the claim": async () => {
    const { browser, now, read, events } = await openBound()
    now.advance(minute)
    const stolen = sessionCookieOf(browser.cookies())
    for (const claim of ["quota_exceeded", "unreachable", "server_error"]) {
      assert.equal(await read(stolen, { "Secure-Session-Skipped": `${claim};session_identifier="x"` }), "nobody")
      assert.equal(events.at(-1)?.["reason"], claim)
    }
    for (const claim of ["", "x", "forged", "bearer"]) {
      assert.equal(await read(stolen, { "Secure-Session-Skipped": claim }), "nobody")
      assert.equal(events.at(-1)?.["reason"], "missing")
    }
  },

  "the proof of one session is none for another": async () => {
    const { browser, openBrowser, now, read } = await openBound()
    now.advance(minute)
    const other = openBrowser()
    await other.visit("/sign-in", { method: "POST" })
    now.advance(minute)
    const [theirs, ours] = [browser.cookies(), other.cookies()]
    assert.equal(await read(`${sessionCookieOf(theirs)}; ${proofCookieOf(ours)}`), "nobody")
    const name = proofCookieOf(theirs).split("=")[0]!
    const value = proofCookieOf(ours).split("=")[1]!
    assert.equal(await read(`${sessionCookieOf(theirs)}; ${name}=${value}`), "nobody")
    assert.equal(await read(`${sessionCookieOf(theirs)}; ${proofCookieOf(theirs)}`), "ada")
  },

  "two different proofs of one name are none": async () => {
    const { browser, now, read } = await openBound()
    now.advance(minute)
    assert.equal(await read(`${browser.cookies()}; ${proofCookieOf(browser.cookies())}x`), "nobody")
  },

  "a proof that was changed by one character is none": async () => {
    const { browser, now, read } = await openBound()
    now.advance(minute)
    const cookie = proofCookieOf(browser.cookies())
    const at = cookie.length - 3
    const changed = cookie.slice(0, at) + (cookie[at] === "A" ? "B" : "A") + cookie.slice(at + 1)
    assert.equal(await read(`${sessionCookieOf(browser.cookies())}; ${changed}`), "nobody")
  },

  "a bound session is refused as a bearer token, with its cookies too, and admitted by observe": async () => {
    for (const [mode, refused, type] of [
      ["enforce", "signed_out", "device_refused"],
      ["observe", undefined, "device_skipped"],
    ] as const) {
      const { browser, auth, web, events } = await openBound({ mode })
      const token = auth.readSessionCookie(browser.cookies())!
      for (const Cookie of ["", browser.cookies()]) {
        const headers = { Cookie, Authorization: `Bearer ${token}`, "Sec-Fetch-Mode": "cors" }
        const checked = await web().memberOf(new Request(`${origin}/api`, { headers }))
        assert.equal(checked.refused, refused)
        assert.deepEqual([events.at(-1)?.type, events.at(-1)?.["reason"]], [type, "bearer"])
      }
    }
  },

  "a session that is bound to nothing stays good as a bearer token": async () => {
    const { auth, web } = await openBound()
    const { token } = await auth.createSession("ada")
    const headers = { Authorization: `Bearer ${token}` }
    const request = web().handleRequest(new Request(`${origin}/api`, { headers }))
    assert.equal((await request.validateBearerToken())?.user.id, "ada")
    assert.equal(request.applyTo(new Response()).headers.get("Secure-Session-Registration"), null)
  },

  "nobody rotates, elevates or ends a session by a stolen cookie": async () => {
    const { browser, now, post, auth } = await openBound()
    now.advance(minute)
    const stolen = sessionCookieOf(browser.cookies())
    const before = await auth.getUserSessions("ada")
    assert.equal(await (await post("/rotate", stolen)).json(), false)
    assert.equal(await (await post("/elevate", stolen)).json(), false)
    await post("/out", stolen)
    const [after] = (await auth.getUserSessions("ada")).filter(({ id }) => id === before[0]?.id)
    assert.deepEqual(after, before[0])
    assert.equal(await (await browser.visit("/")).text(), "ada")
  },

  "the owner does what a thief cannot": async () => {
    const { browser, auth } = await openBound()
    for (const path of ["/rotate", "/elevate"]) {
      const response = await browser.visit(path, { method: "POST" })
      assert.equal(await response.json(), true)
      assert.equal(await (await browser.visit("/")).text(), "ada")
    }
    const [session] = await auth.getUserSessions("ada")
    assert.match(String(session?.deviceKey), /^\d+\./)
    await browser.visit("/out", { method: "POST" })
    assert.deepEqual(await auth.getUserSessions("ada"), [])
  },

  "for ten seconds what was sent before the first proof came is let in, if a browser sent it": async () => {
    const { browser, now, read } = await openBound()
    const cookie = sessionCookieOf(browser.cookies())
    const mode = { "Sec-Fetch-Mode": "navigate" }
    assert.equal(await read(cookie), "nobody")
    now.advance(10 * second - 1)
    assert.equal(await read(cookie, mode), "ada")
    now.advance(1)
    assert.equal(await read(cookie, mode), "nobody")
  },

  "a new proof of who one is starts no second grace": async () => {
    const { browser, now, read } = await openBound()
    now.advance(minute)
    await browser.visit("/elevate", { method: "POST" })
    assert.equal(await read(sessionCookieOf(browser.cookies()), { "Sec-Fetch-Mode": "navigate" }), "nobody")
  },

  "a session that is bound is offered nothing": async () => {
    const { browser, serve, now } = await openBound({ mode: "observe" })
    for (const Cookie of [browser.cookies(), sessionCookieOf(browser.cookies())]) {
      const response = await serve(new Request(`${origin}/`, { headers: { Cookie } }))
      assert.equal(response.headers.get("Secure-Session-Registration"), null)
    }
    now.advance(minute)
    await browser.visit("/elevate", { method: "POST" })
    assert.equal((await browser.visit("/")).headers.get("Secure-Session-Registration"), null)
    only(browser)
  },

  "what is offered for a token that the response replaces is withdrawn": async () => {
    const { openBrowser, auth } = await openBound()
    for (const path of ["/rotate", "/elevate", "/sign-in"]) {
      const other = openBrowser({ binds: false })
      await other.visit("/sign-in", { method: "POST" })
      const response = await other.send(`${origin}${path}`, { method: "POST", headers: ofAPage })
      const offer = /challenge="([^"]+)"/.exec(response.headers.get("Secure-Session-Registration") ?? "")?.[1]
      const value = challengeOfToken(auth.readSessionCookie(other.cookies())!)
      assert([undefined, value].includes(offer), path)
    }
  },

  "asking for a proof leads to no other site": async () => {
    const { browser, device, auth, now } = await openBound()
    now.advance(2 * minute)
    const Cookie = browser.cookies()
    const { session } = await auth.validateSession(auth.readSessionCookie(Cookie))
    for (const path of ["//evil.example/x?a=b", "///evil.example", "/\\evil.example", "/account?next=//evil.example"]) {
      const url = new URL(origin + path)
      const { redirect } = await device().prove(new Request(url, { headers: { Cookie } }), session!)
      assert.equal(redirect?.status, 307)
      assert.equal(new URL(redirect.headers.get("Location")!, url).href, url.href)
    }
  },

  "asking for a proof is answered by the browser, within the time that was asked for": async () => {
    const { browser, device, auth, now } = await openBound()
    const check = async (within?: "5m") => {
      const Cookie = browser.cookies()
      const { session } = await auth.validateSession(auth.readSessionCookie(Cookie))
      return device().prove(new Request(`${origin}/pay`, { headers: { Cookie } }), session!, within && { within })
    }
    const provenAt = new Date(now())
    now.advance(2 * minute - 1)
    assert.deepEqual(await check(), { provenAt })
    now.advance(1)
    assert.equal((await check()).provenAt, null)
    assert.notEqual((await check("5m")).provenAt, null)
    const { redirect } = await check()
    browser.jar.receive(`${origin}/pay`, redirect!.headers.getSetCookie())
    assert.deepEqual(await check(), { provenAt: null, redirect: null })
    await browser.visit("/pay")
    assert.deepEqual(await check(), { provenAt: new Date(now()) })
  },
}

const ofAPage = { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin" }
