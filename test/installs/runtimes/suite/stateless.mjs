import { cachedRevocations, createSnapshots, createStatelessAuth, memoryRevocations } from "nightlatch/stateless"
import { manualClock } from "nightlatch/testing"
import { createWebAuth } from "nightlatch/web"
import { codeOf, equal, match } from "./expect.mjs"

const [secret, newSecret] = ["for these tests, and nothing else.", "the next one, for these tests too."]
const day = 24 * 60 * 60 * 1000

export const stateless = {
  async "a session opens with its user and attributes"() {
    const { auth } = setUp()
    const { token, session } = await auth.createSession("ada", { role: "admin", name: "Zoë 📱" })
    const opened = await auth.validateSession(token)
    equal(opened.user, { id: "ada", role: "admin", name: "Zoë 📱" })
    equal(opened.session.id, session.id)
  },

  async "a session that Node.js has sealed opens"() {
    const { auth } = setUp({ now: () => Date.UTC(2030, 0, 2) })
    equal((await auth.validateSession(sealedByNode)).user, { id: "ada", role: "admin", name: "Zoë" })
  },

  async "a token that was changed does not"() {
    const { auth } = setUp()
    const { token } = await auth.createSession("ada")
    for (const at of [0, 10, 40, token.length - 2]) {
      const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1)
      match((await auth.validateSession(changed)).reason, /^(malformed|unknown)$/)
    }
    for (const other of [undefined, "", "a".repeat(32), token.slice(1), `${token}A`]) {
      equal((await auth.validateSession(other)).session, null)
    }
  },

  async "secrets are replaced one after the other"() {
    const { auth } = setUp()
    const { token } = await auth.createSession("ada")
    const both = setUp({ secrets: [newSecret, secret] }).auth
    const only = setUp({ secrets: [newSecret] }).auth
    equal((await both.validateSession(token)).user.id, "ada")
    equal((await only.validateSession(token)).session, null)
    equal((await only.validateSession((await both.createSession("ada")).token)).user.id, "ada")
  },

  async "a secret may be bytes, and must not be short"() {
    const bytes = new Uint8Array(32).map((_, at) => at * 7)
    const { auth } = setUp({ secrets: [bytes] })
    equal((await auth.validateSession((await auth.createSession("ada")).token)).user.id, "ada")
    equal(await codeOf(() => setUp({ secrets: ["short"] })), "invalid_option")
    equal(await codeOf(() => setUp({ secrets: [undefined] })), "invalid_option")
  },

  async "use seals the session again, until it expires"() {
    const { auth, now } = setUp({ session: { idleTimeout: "2d", absoluteTimeout: "3d" } })
    const { token } = await auth.createSession("ada")
    now.advance(1.5 * day)
    const renewed = (await auth.validateSession(token)).token
    now.advance(day)
    equal((await auth.validateSession(token)).reason, "expired")
    equal((await auth.validateSession(renewed)).user.id, "ada")
    now.advance(day)
    equal((await auth.validateSession(renewed)).reason, "expired")
  },

  async "revocations end one session, and all of a user"() {
    const now = manualClock()
    const revocations = cachedRevocations(memoryRevocations({ now }), { maxAge: "10s", now })
    const { auth } = setUp({ revocations, now })
    const [one, other] = [await auth.createSession("ada"), await auth.createSession("ada")]
    equal(await auth.invalidateSession(one.session.id), true)
    equal((await auth.validateSession(one.token)).session, null)
    equal((await auth.validateSession(other.token)).user.id, "ada")
    await auth.invalidateUserSessions("ada")
    equal((await auth.validateSession(other.token)).session, null)
  },

  async "a token that is too large for a cookie is refused"() {
    const { auth } = setUp()
    equal(await codeOf(() => auth.createSession("ada", { text: "a".repeat(5000) })), "cookie_too_large")
  },

  async "the web wrapper serves it"() {
    const { handler } = createWebAuth(setUp().auth)
    const signedIn = await handler(async (_, authRequest) => {
      await authRequest.signIn("ada", { role: "admin" })
      return new Response()
    })(new Request("https://app.example/"))
    const [cookie] = signedIn.headers.getSetCookie()
    const read = handler(async (_, authRequest) => Response.json((await authRequest.validate()).user))
    const headers = { Cookie: cookie.split(";", 1)[0] }
    equal(await (await read(new Request("https://app.example/", { headers }))).json(), { id: "ada", role: "admin" })
  },

  async "a snapshot opens for its session, for a minute"() {
    const now = manualClock()
    const { auth } = setUp({ now })
    const { token, session } = await auth.createSession("ada")
    const snapshots = createSnapshots({ secrets: [secret], claims: () => ({}), now })
    const plain = { id: "0".repeat(64), userId: "ada", expiresAt: session.expiresAt }
    const value = await snapshots.sealSnapshot(plain, { role: "admin" })
    equal((await snapshots.openUnboundSnapshot(value)).claims, { role: "admin" })
    equal(await snapshots.openSnapshot(value, { sessionToken: token }), null)
    now.advance(60_000)
    equal(await snapshots.openUnboundSnapshot(value), null)
  },
}

// By `createSession("ada", { role: "admin", name: "Zoë" })` on 1 January 2030.
const sealedByNode =
  "AXBrA80lJDm_KoAxm7UlqL51LaBCt8AGDNz-GyfXmThdixDupTxwGEdNH0gbLgfIfqnL5osxWqiX9ysIw6pvdoUwH0UGJSfYoDgkgLCC6OoeEUdc-sO49O9w2B_9oKPklYkW"

function setUp(options) {
  const now = manualClock()
  const getUserAttributes = (attributes) => ({ ...attributes })
  return { now, auth: createStatelessAuth({ secrets: [secret], getUserAttributes, now, ...options }) }
}
