import { AuthError, createAuth, isAuthError, sessionPolicies, verifyRequestOrigin } from "nightlatch"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { manualClock } from "nightlatch/testing"
import { codeOf, equal, match } from "./expect.mjs"

const day = 24 * 60 * 60 * 1000

export const core = {
  async "a token validates until its session ends"() {
    const { auth } = await setUp()
    const { token, session } = await auth.createSession("ada")
    match(token, /^[a-z2-7]{32}$/)
    equal(await read(auth, token), "ada")
    equal(await auth.invalidateSession(session.id), true)
    equal(await read(auth, token), "unknown")
  },

  async "the session id is the token's SHA-256"() {
    const { auth } = await setUp()
    const { token, session } = await auth.createSession("ada")
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))
    equal(session.id, [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join(""))
  },

  async "no two tokens are the same"() {
    const { auth } = await setUp()
    const tokens = new Set()
    for (let n = 0; n < 50; n++) tokens.add((await auth.createSession("ada")).token)
    equal(tokens.size, 50)
  },

  async "use extends a session, up to the absolute timeout"() {
    const { auth, now } = await setUp({ session: { idleTimeout: "10d", absoluteTimeout: "12d" } })
    const { token } = await auth.createSession("ada")
    now.advance(4 * day)
    equal((await auth.validateSession(token)).session.fresh, false)
    now.advance(4 * day)
    equal((await auth.validateSession(token)).session.fresh, true)
    now.advance(3 * day)
    equal(await read(auth, token), "ada")
    now.advance(day)
    equal(await read(auth, token), "expired")
  },

  async "a session that nobody uses expires"() {
    const { auth, now } = await setUp({ session: sessionPolicies.aal3 })
    const { token } = await auth.createSession("ada")
    now.advance(15 * 60_000)
    equal(await read(auth, token), "expired")
    now.advance(2 * day)
    equal(await auth.deleteExpiredSessions(), 1)
    equal(await read(auth, token), "unknown")
  },

  async "rotation gives a new token, and ends the old one"() {
    const { auth } = await setUp()
    const { token } = await auth.createSession("ada")
    const rotated = await auth.rotateSession(token)
    equal(await read(auth, rotated.token), "ada")
    equal(await read(auth, token), "unknown")
    equal(await auth.rotateSession(token), null)
  },

  async "malformed tokens of any type are refused"() {
    const { auth } = await setUp()
    for (const token of [undefined, null, 1, {}, [], "", "a", "A".repeat(32), "a".repeat(1e5), "\ud800".repeat(32)]) {
      equal(await read(auth, token), "malformed")
    }
  },

  async "lists a user's sessions, and ends all but one"() {
    const { auth, now } = await setUp()
    const first = await auth.createSession("ada")
    now.advance(1000)
    const second = await auth.createSession("ada")
    const ids = (await auth.getUserSessions("ada")).map(({ id }) => id)
    equal(ids, [second.session.id, first.session.id])
    await auth.invalidateUserSessions("ada", { except: first.session.id })
    equal([await read(auth, first.token), await read(auth, second.token)], ["ada", "unknown"])
  },

  async "attributes of sessions are kept and changed"() {
    const { auth } = await setUp({ getSessionAttributes: ({ label }) => ({ label }) })
    const { token, session } = await auth.createSession("ada", { label: "Zoë's phone 📱" })
    equal((await auth.validateSession(token)).session.label, "Zoë's phone 📱")
    equal(await auth.updateSession(session.id, { label: null }), true)
    equal((await auth.validateSession(token)).session.label, null)
  },

  async "writes the session cookie with safe attributes"() {
    const { auth } = await setUp()
    const { token } = await auth.createSession("ada")
    const cookie = auth.createSessionCookie(token).serialize()
    equal(cookie, `__Host-session=${token}; Max-Age=7776000; Path=/; HttpOnly; Secure; SameSite=Lax`)
    equal(/Max-Age/.test(auth.createSessionCookie(token, { persistent: false }).serialize()), false)
    match(auth.createBlankSessionCookie().serialize(), /^__Host-session=; Max-Age=0; /)
  },

  async "reads the token from a Cookie and an Authorization header"() {
    const { auth } = await setUp()
    equal(auth.readSessionCookie("a=b; __Host-session=abc; c=d"), "abc")
    equal(auth.readSessionCookie(null), null)
    equal(auth.readBearerToken("Bearer abc"), "abc")
    equal(auth.readBearerToken("Basic abc"), null)
  },

  async "tells requests of other origins from its own"() {
    const url = "https://app.example/"
    const isOwn = (headers, options) => verifyRequestOrigin(new Request(url, { method: "POST", headers }), options)
    equal(isOwn({ Origin: "https://app.example" }), true)
    equal(isOwn({ Origin: "https://evil.example" }), false)
    equal(isOwn({ Origin: "https://spa.example" }, { trustedOrigins: ["https://spa.example"] }), true)
    equal(isOwn({ "Sec-Fetch-Site": "cross-site" }), false)
    equal(isOwn({}), true)
  },

  async "reports events with their request"() {
    const events = []
    const { auth } = await setUp({ onEvent: ({ type, request }) => events.push([type, request]) })
    await auth.withRequest("the request").createSession("ada")
    equal(events, [["session_created", "the request"]])
  },

  async "errors have a code, and are known by it"() {
    equal(
      await codeOf(() => createAuth({ adapter: memoryAdapter(), session: { idleTimeout: "never" } })),
      "invalid_option",
    )
    const { auth } = await setUp()
    equal(await codeOf(() => auth.createSession("nobody")), "user_missing")
    equal([isAuthError(new AuthError("store_failed", "down")), isAuthError(new Error("down"))], [true, false])
  },

  async "a store that fails is an error with its cause, and signs nobody out"() {
    const { adapter } = await setUp()
    const cause = new Error("down")
    const auth = createAuth({ adapter: { ...adapter, findSession: () => Promise.reject(cause) } })
    const error = await auth.validateSession("a".repeat(32)).catch((thrown) => thrown)
    equal([error.code, error.cause === cause], ["store_failed", true])
  },
}

async function setUp(options) {
  const now = manualClock()
  const adapter = memoryAdapter()
  await adapter.insertUser({ id: "ada", attributes: { username: "ada" } }, null)
  return { now, adapter, auth: createAuth({ adapter, now, ...options }) }
}

async function read(auth, token) {
  const { user, reason } = await auth.validateSession(token)
  return user?.id ?? reason
}
