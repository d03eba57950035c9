import { createHash } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import fc from "fast-check"
import { lucia } from "lucia"
import { vi } from "vitest"
import { LuciaError as OurLuciaError } from "../../../src/lucia-v2.ts"

const hour = 3_600_000
export const day = 24 * hour

/** What is as untyped as a text of JSON. */
export type Json = ReturnType<typeof JSON.parse>

/** One step of a history: the name of a call and its arguments, in which the place of a random id stands for it. */
export type Step = [name: string, ...args: Json[]]

/** What is to be known about a store. */
interface StoreTraits {
  late?: number
  hasForeignKeys?: boolean
  forgetsSessions?: boolean
}

/** The configuration of both sides of a history, without the adapter. */
export const configuration = {
  env: "DEV" as const,
  sessionExpiresIn: { activePeriod: 2 * day, idlePeriod: 5 * day },
  getUserAttributes: ({ username, age }: { username: string; age?: number | null }) => ({ username, age }),
  getSessionAttributes: ({ label }: { label?: string | null }) => ({ label }),
  // Scrypt has separate tests, because a history computes and compares hundreds of hashes.
  passwordHash: {
    generate: async (password) => `hash of ${password}`,
    validate: async (password, hash) => hash === `hash of ${password}`,
  },
}

const who = fc.constantFrom("alice", "bob", "made 0", "made 1", "nobody")
const session = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 4 }).map((at) => `session ${at}`) },
  { weight: 1, arbitrary: fc.constantFrom("", "unknown", "chosen") },
)
const provider = fc.constantFrom("username", "username", "email", "a:b")
const account = fc.constantFrom("alice", "bob", "Alice", "x:y")
const password = fc.constantFrom("secret", "secret", "other", null, "")
const key = fc.record({ providerId: provider, providerUserId: account, password })
const username = fc.constantFrom("alice", "bob", "carol", "dave")
const label = fc.constantFrom("laptop", "phone", null)

const request = fc.record({
  method: fc.constantFrom("GET", "POST", "HEAD", "delete"),
  origin: fc.constantFrom("https://example.com", "https://example.com", "https://evil.example", null),
  cookie: fc.option(session, { freq: 6 }),
  calls: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(["validate"]) },
      { weight: 2, arbitrary: fc.tuple(fc.constant("setSession"), fc.option(session)) },
      fc.constant(["invalidate"]),
    ),
    { minLength: 1, maxLength: 4 },
  ),
})

/** Makes steps. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant("wait"), fc.constantFrom(1, hour, day, 2 * day, 3 * day, 6 * day)) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant("createUser"),
      fc.record(
        {
          userId: fc.constantFrom("alice", "carol"),
          key: fc.option(key, { freq: 5 }),
          attributes: fc.record({ username, age: fc.constantFrom(30, null) }),
        },
        { requiredKeys: ["key", "attributes"] },
      ),
    ),
  },
  call("getUser", who),
  call("updateUserAttributes", who, fc.oneof(fc.record({ username }), fc.record({ age: fc.nat({ max: 99 }) }))),
  call("deleteUser", who),
  { weight: 2, arbitrary: call("useKey", provider, account, password) },
  call(
    "createKey",
    key.chain((key) => who.map((userId) => ({ ...key, userId }))),
  ),
  call("getKey", provider, account),
  call("getAllUserKeys", who),
  call("deleteKey", provider, account),
  call("updateKeyPassword", provider, account, password),
  {
    weight: 5,
    arbitrary: call(
      "createSession",
      // A chosen id always has the same user: for a taken id and an unknown user, two errors of Lucia's race.
      fc.oneof(
        { weight: 5, arbitrary: fc.record({ userId: who, attributes: fc.record({ label }) }) },
        fc.record({ userId: fc.constant("alice"), attributes: fc.record({ label }), sessionId: fc.constant("chosen") }),
      ),
    ),
  },
  { weight: 5, arbitrary: call("validateSession", session) },
  { weight: 2, arbitrary: call("getSession", session) },
  { weight: 2, arbitrary: call("getAllUserSessions", who) },
  call("updateSessionAttributes", session, fc.record({ label })),
  call("invalidateSession", session),
  call("invalidateAllUserSessions", who),
  call("deleteDeadUserSessions", who),
  { weight: 4, arbitrary: call("request", request) },
  { weight: 2, arbitrary: call("bearer", session) },
)

/** An adapter that finds nothing, for what needs none. */
export function emptyAdapter(methods = {}): () => Json {
  const none = async () => null
  return () =>
    new Proxy(methods, { get: (_, name) => methods[name] ?? (name === "getSessionAndUser" ? undefined : none) })
}

/** A history begins with two users who have keys. */
export const firstSteps: Step[] = ["alice", "bob"].map((name) => [
  "createUser",
  {
    userId: name,
    key: { providerId: "username", providerUserId: name, password: "secret" },
    attributes: { username: name, age: 30 },
  },
])

/**
 * Lucia itself. Where users come from a server, its lists of keys and sessions let a promise for an unknown user reject
 * with nobody waiting, which ends the process: here somebody waits.
 */
export function realAuth(config) {
  const auth = lucia(config)
  const { getUser } = auth
  auth.getUser = (userId) => {
    const user = getUser(userId)
    user.catch(() => undefined)
    return user
  }
  return auth
}

function call(name, ...args) {
  return fc.tuple(fc.constant(name), ...args)
}

/**
 * What a step is expected to return here, where Lucia returned `theirs`: the same, but for these differences. Each has a
 * test of its own, and a row in docs/lucia/v2-differences.md.
 */
export function expected([name, ...args]: Step, theirs) {
  return differences[name]?.(theirs, ...args) ?? theirs
}

const differences = {
  /** A bearer token does not answer for the cookie, of which there is none. */
  bearer: (theirs) => (theirs.error ? theirs : [theirs[0], null]),

  /** What is stored has a password, though an empty one, which never signs in. */
  createKey: (theirs, { password }) =>
    theirs.error || password !== "" ? theirs : { ...theirs, passwordDefined: true },

  /** A renewed session's cookie is sent again, once; and an empty cookie is none, so there is none to delete. */
  request(theirs, { cookie, calls }) {
    if (theirs.error) return theirs
    const renewed = new Set()
    let isEmpty = cookie === ""
    return theirs.map(([result, sent], at) => {
      const [name, argument] = calls[at]
      const isDeletion = name === "setSession" && argument === null
      if (isEmpty && isDeletion) sent = []
      if (name === "setSession") isEmpty = false
      if (!result?.fresh || renewed.has(result.sessionId)) return [result, sent]
      renewed.add(result.sessionId)
      return [result, [...sent, cookieOf(result)]]
    })
  },
}

function cookieOf({ sessionId, idlePeriodExpiresAt }) {
  const attributes = { sameSite: "lax", path: "/", httpOnly: true, secure: false, expires: idlePeriodExpiresAt }
  const expires = new Date(idlePeriodExpiresAt).toUTCString()
  return [`auth_session=${sessionId}; Path=/; Expires=${expires}; HttpOnly; SameSite=Lax`, attributes]
}

/**
 * What the stores are expected to hold, if they are to be compared: what is over cannot be seen from outside, and is not
 * changed here.
 */
function withoutLabelsOfTheDead(rows) {
  if (Array.isArray(rows)) return rows.map(withoutLabelsOfTheDead)
  if (typeof rows !== "object" || rows === null) return rows
  if (Number(rows.idle_expires) < Date.now()) return { ...rows, label: "of a dead session" }
  return Object.fromEntries(Object.entries(rows).map(([name, part]) => [name, withoutLabelsOfTheDead(part)]))
}

/** The random ids of a history, which concurrent servers share. */
export function noIds() {
  return { sessions: [] as string[], users: [] as string[], places: new Map<string, string>() }
}

/** Runs steps against one side, and returns the results with placeholders for random ids. */
export function history({ LuciaError }, auth, { late, hasForeignKeys, forgetsSessions }: StoreTraits, ids = noIds()) {
  const { sessions, users, places } = ids
  remember("chosen", "chosen")

  function remember(id, place) {
    places.set(id, place)
    places.set(createHash("sha256").update(id).digest("hex"), place)
  }

  function told(value) {
    let text = JSON.stringify(value, (_, part) => (part === undefined ? "<undefined>" : part)) ?? "<undefined>"
    for (const [id, place] of places) text = text.replaceAll(id, place)
    return text === "<undefined>" ? text : JSON.parse(text)
  }

  function toldError(error) {
    const { message, detail, code, errno } = error
    const isLuciaError = error instanceof LuciaError
    return { error: told({ kind: error.constructor.name, isLuciaError, message, detail, code, errno }) }
  }

  const toUser = (name) => (name.startsWith("made ") ? (users[name.slice(5)] ?? "nobody") : name)
  const toSession = (name) => (name.startsWith("session ") ? (sessions[name.slice(8)] ?? "unknown") : name)
  const steps = {
    async createUser(options) {
      const user = await auth.createUser(structuredClone(options))
      if (!options.userId) {
        remember(user.userId, `<user ${users.length}>`)
        users.push(user.userId)
      }
      return user
    },
    getUser: (name) => auth.getUser(toUser(name)),
    updateUserAttributes: (name, attributes) => auth.updateUserAttributes(toUser(name), attributes),
    // Where the store does not find a user's sessions, they stay, and are invalid here, but an error in Lucia.
    deleteUser: (name) => (forgetsSessions ? undefined : auth.deleteUser(toUser(name))),
    createKey: (options) => auth.createKey({ ...options, userId: toUser(options.userId) }),
    getAllUserKeys: async (name) => sorted(told(await auth.getAllUserKeys(toUser(name)))),
    async createSession(options) {
      // Lucia writes the session of an unknown user before it refuses, and only a foreign key keeps that row out.
      if (!hasForeignKeys) await auth.getUser(toUser(options.userId))
      const session = await auth.createSession({ ...options, userId: toUser(options.userId) })
      if (!options.sessionId) {
        remember(session.sessionId, `<session ${sessions.length}>`)
        sessions.push(session.sessionId)
      }
      return session
    },
    validateSession: (name) => auth.validateSession(toSession(name)),
    getSession: (name) => auth.getSession(toSession(name)),
    getAllUserSessions: async (name) => sorted(told(await auth.getAllUserSessions(toUser(name)))),
    updateSessionAttributes: (name, attributes) => auth.updateSessionAttributes(toSession(name), attributes),
    invalidateSession: (name) => auth.invalidateSession(toSession(name)),
    invalidateAllUserSessions: (name) => auth.invalidateAllUserSessions(toUser(name)),
    async deleteDeadUserSessions(name) {
      const now = Date.now()
      // Here what is over stays for another day, as another server's clock may be behind: so, ask a day later.
      if (LuciaError === OurLuciaError) vi.setSystemTime(now + day)
      await auth.deleteDeadUserSessions(toUser(name)).finally(() => vi.setSystemTime(now))
    },
    async request({ method, origin, cookie, calls }) {
      const sent: unknown[] = []
      const headers = new Headers()
      if (origin) headers.set("origin", origin)
      if (cookie !== null) headers.set("cookie", `theme=dark; auth_session=${toSession(cookie)}`)
      const setCookie = (set) => sent.push([set.serialize(), { ...set.attributes }])
      const authRequest = auth.handleRequest({
        request: { url: "https://example.com/path", method, headers },
        setCookie,
      })
      const results: unknown[] = []
      for (const [name, argument] of calls) {
        const set = name === "setSession" && argument !== null ? await auth.getSession(toSession(argument)) : null
        const result = await authRequest[name](...(name === "setSession" ? [set] : []))
        results.push([result, sent.splice(0)])
      }
      return results
    },
    async bearer(name) {
      const headers = { origin: null, cookie: null, authorization: `Bearer ${toSession(name)}` }
      const authRequest = auth.handleRequest({ request: { method: "POST", headers }, setCookie: () => undefined })
      return [await authRequest.validateBearerToken(), await authRequest.validate()]
    },
  }

  return {
    toldRows: (rows) => sorted(withoutLabelsOfTheDead(told(rows))),
    async run([name, ...args]: Step) {
      try {
        return told(await (steps[name] ?? auth[name])(...args))
      } catch (error) {
        // Lucia refuses a session before the insertion of its row, which runs beside, has failed.
        if (late && name === "createSession") await sleep(late)
        return toldError(error)
      } finally {
        // Lucia answers before dead sessions are deleted.
        if (late && name === "deleteDeadUserSessions") await sleep(late)
      }
    },
  }
}

// Databases give rows in the order of their random ids, or in none.
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, sorted(part)]))
}
