import assert from "node:assert/strict"
import { setTimeout } from "node:timers/promises"
import { challengeOfToken, clientOf, cookiesOf, only, openBound, proofCookieOf, sessionCookieOf } from "./bound.ts"
import { makeKeys, origin, signProof } from "./device-browser.ts"
import { minute, secretOf, setUp } from "./set-up.ts"

/** What the server sends a browser and when, and what it costs the store. */
export const attacksOnOffers: Record<string, () => Promise<void>> = {
  "only a visit of the site's own is offered a key": async () => {
    const { serve } = await setUp()
    const Cookie = cookiesOf(await clientOf(serve).post("/sign-in", ""))
    const offered = async (headers: Record<string, string>) => {
      const response = await serve(new Request(`${origin}/`, { headers: { Cookie, ...headers } }))
      return response.headers.has("Secure-Session-Registration")
    }
    for (const site of ["same-origin", "same-site", "none"])
      assert.equal(await offered({ "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": site }), true, site)
    assert.equal(await offered({}), true)
    assert.equal(await offered({ "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site" }), false)
    for (const mode of ["cors", "no-cors", "same-origin", "websocket"])
      assert.equal(await offered({ "Sec-Fetch-Mode": mode, "Sec-Fetch-Site": "same-origin" }), false, mode)
    for (const purpose of ["prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip"])
      assert.equal(await offered({ "Sec-Fetch-Mode": "navigate", "Sec-Purpose": purpose }), false, purpose)
  },

  "a picture at the path is offered a key while the session can be bound, for one read": async () => {
    const { serve, calls, now } = await setUp()
    const client = clientOf(serve)
    const Cookie = cookiesOf(await client.post("/sign-in", ""))
    const offered = async (headers: Record<string, string>) => {
      calls.length = 0
      const response = await client.endpoint({ "Sec-Fetch-Dest": "image", ...headers }, "GET")
      assert.equal(response.status, 200)
      return [response.headers.has("Secure-Session-Registration"), calls.join()]
    }
    assert.deepEqual(await offered({ Cookie }), [true, "findSession"])
    assert.deepEqual(await offered({ Cookie, "Sec-Fetch-Mode": "navigate" }), [true, "findSession"])
    assert.deepEqual(await offered({}), [false, ""])
    // fetch("/auth/device", { mode: "no-cors" }), whose answer a script of the site can read.
    assert.deepEqual(await offered({ Cookie, "Sec-Fetch-Dest": "empty" }), [false, ""])
    for (const mode of ["cors", "same-origin"])
      assert.deepEqual(await offered({ Cookie, "Sec-Fetch-Mode": mode }), [false, ""])
    assert.deepEqual(await offered({ Cookie, "Sec-Fetch-Site": "cross-site" }), [false, ""])
    assert.deepEqual(await offered({ Cookie: "__Host-session=x" }), [false, ""])
    now.advance(10 * minute)
    assert.deepEqual(await offered({ Cookie }), [false, "findSession"])
    const { browser, endpoint } = await openBound()
    const bound = await endpoint({ Cookie: browser.cookies(), "Sec-Fetch-Dest": "image" }, "GET")
    assert.equal(bound.headers.has("Secure-Session-Registration"), false)
  },

  "nothing is offered over http": async () => {
    const { serve } = await setUp({ cookie: { secure: false } })
    const Cookie = cookiesOf(await clientOf(serve).post("/sign-in", ""))
    const response = await serve(new Request(`${origin}/`, { headers: { Cookie } }))
    assert.deepEqual([await response.text(), response.headers.has("Secure-Session-Registration")], ["ada", false])
  },

  "browsers refresh for links of other sites": async () => {
    const { browser, session, now } = await openBound()
    assert.equal(session.instructions.allowed_refresh_initiators.join(), "*")
    now.advance(11 * minute)
    assert.equal(await (await browser.visit("/", { from: "other" })).text(), "ada")
  },

  "a cookie that is void is taken away, so that the browser makes a new one": async () => {
    for (const mode of ["enforce", "observe"] as const) {
      const { browser, serve, now } = await openBound({ mode })
      const Cookie = browser.cookies()
      now.advance(10 * minute)
      const response = await serve(new Request(`${origin}/`, { headers: { Cookie } }))
      const [blank, ...others] = response.headers.getSetCookie()
      assert.equal(blank?.split("=", 1)[0], proofCookieOf(Cookie).split("=", 1)[0])
      assert.match(blank!, /Max-Age=0/)
      assert.deepEqual(others, [])
    }
  },

  "a browser gives a key up when its session was signed out, or another was bound": async () => {
    const { browser, now, endpoint, session } = await openBound()
    const before = browser.cookies()
    await browser.visit("/sign-in", { method: "POST" })
    assert.equal(browser.sessions.size, 2)
    const answer = async (Cookie: string) =>
      (await endpoint({ Cookie, "Sec-Secure-Session-Id": session.id })).status === 403
    assert.equal(await answer(before), true)
    assert.equal(await answer(browser.cookies()), false)
    now.advance(11 * minute)
    assert.equal(await (await browser.visit("/")).text(), "ada")
    only(browser)
    const withoutSession = before.replace(sessionCookieOf(before), "other=1")
    assert.equal(await answer(withoutSession), false)
    assert.equal(await answer(proofCookieOf(before)), false)
  },

  "garbage at the endpoint costs no call of the store": async () => {
    const { browser, endpoint, calls, session, events } = await openBound()
    calls.length = 0
    events.length = 0
    const Cookie = browser.cookies()
    const all = ["x y", "a, b", '"', "a;b", `${session.id}, ${session.id}`, "\u00e4", '""', "="]
    for (const garbage of all) {
      await endpoint({ Cookie, "Sec-Secure-Session-Id": garbage })
      await endpoint({ Cookie, "Secure-Session-Response": garbage })
      await endpoint({ "Sec-Secure-Session-Id": "x", "Secure-Session-Response": garbage })
    }
    await endpoint({})
    await endpoint({ Cookie })
    assert.deepEqual(events, [])
    for (const garbage of all)
      await endpoint({ Cookie, "Sec-Secure-Session-Id": session.id, "Secure-Session-Response": garbage })
    assert.deepEqual(calls, [])
  },

  "a session costs one read to bind and one write, and a request no more than without it": async () => {
    const { serve, calls, auth } = await setUp()
    const { endpoint, post, read } = clientOf(serve)
    const Cookie = cookiesOf(await post("/sign-in", ""))
    const value = challengeOfToken(auth.readSessionCookie(Cookie)!)
    const keys = makeKeys()
    calls.length = 0
    const bound = await endpoint({ Cookie, "Secure-Session-Response": signProof(keys, value, { jwk: keys.jwk }) })
    assert.deepEqual(calls.splice(0), ["findSession", "updateSession"])
    for (const cookie of [Cookie, `${Cookie}; ${cookiesOf(bound)}`]) await read(cookie)
    assert.deepEqual(calls, ["findSession", "findSession"])
  },

  "a registration that comes too late costs one read": async () => {
    const { browser, endpoint, calls, auth } = await openBound()
    const value = challengeOfToken(auth.readSessionCookie(browser.cookies())!)
    const keys = makeKeys()
    calls.length = 0
    const proof = signProof(keys, value, { jwk: keys.jwk })
    assert.equal((await endpoint({ Cookie: browser.cookies(), "Secure-Session-Response": proof })).status, 400)
    assert.deepEqual(calls, ["findSession"])
  },

  "two registrations at once bind the session to one key": async () => {
    const slow = { found: 0 }
    const { serve, auth } = await setUp({
      adapter: ({ findSession }) => ({
        async findSession(id) {
          const found = await findSession(id)
          // Each has read that the session is bound to nothing before the other writes.
          for (slow.found++; slow.found % 2 === 1;) await setTimeout(1)
          return found
        },
      }),
    })
    const { endpoint, post } = clientOf(serve)
    const Cookie = cookiesOf(await post("/sign-in", ""))
    const value = challengeOfToken(auth.readSessionCookie(Cookie)!)
    const answers = await Promise.all(
      [makeKeys(), makeKeys()].map((keys) =>
        endpoint({ Cookie, "Secure-Session-Response": signProof(keys, value, { jwk: keys.jwk }) }),
      ),
    )
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400])
  },

  "an old secret opens what it has sealed, and the first seals": async () => {
    const { browser, restart, now, challengeFor, session } = await openBound()
    restart(secretOf(2), secretOf(1))
    const challenge = await challengeFor(session)
    restart(secretOf(1))
    assert.equal(await (await browser.visit("/")).text(), "ada")
    now.advance(11 * minute)
    assert.equal(await (await browser.visit("/")).text(), "ada")
    assert.notEqual(challenge, browser.sessions.get(session.id)?.challenge)
  },
}
