import { createHash } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { afterEach, describe, expect, test } from "vitest"

import { memoryAdapter } from "../../../adapters/memory.ts"
import { createAuth } from "../../../src/index.ts"
import type { Auth } from "../../../src/index.ts"
import { acceptLuciaTokens, fromLuciaAdapter } from "../../../src/lucia.ts"
import { createPagesAuth } from "../../../src/next/pages.ts"
import { createAuthProxy } from "../../../src/next/proxy.ts"
import { createNodeAuth } from "../../../src/node.ts"
import { createWebAuth } from "../../../src/web.ts"
import { listen } from "../../wrappers/node-server.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"

interface UserRow {
  id: string
  username: string
}

type OwnAuth = Auth<UserRow, object, { username: string }, object>

/** What a visitor's request does, in the words of every wrapper. */
interface Visit {
  validate(): Promise<{ session: { id: string }; user: { username: string } } | null>
  validateBearerToken?(): Promise<{ user: { username: string } } | null>
  signIn(userId: string): Promise<{ token: string } | null>
  setSession(token: string | null): Promise<void>
  rotate(): Promise<{ token: string } | null>
  signOut(): Promise<void>
}

type Run = (visit: Visit, res?: ServerResponse) => Promise<unknown>

const day = 86_400_000
const old = "abcdefghijklmnopqrstuvwxyz234567abcdefgh"
const hex = (token: string) => createHash("sha256").update(token).digest("hex")
const row = { userId: "ada", createdAt: new Date(), expiresAt: new Date(Date.now() + 20 * day), attributes: {} }
const blank = /^auth_session=; Max-Age=0/

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const wrappers: {
  name: string
  open(auth: OwnAuth): Promise<(headers: HeadersInit, run: Run) => Promise<string[]>>
}[] = [
  { name: "createWebAuth()", open: openWeb },
  { name: "createNodeAuth()", open: (auth) => openServer(nodeVisits(auth)) },
  { name: "createPagesAuth()", open: (auth) => openServer(pagesVisits(auth)) },
]

const stores = [
  { store: "memory", id: old, open: openMemory },
  { store: "memory, by its hash", id: hex(old), open: openMemory },
  { store: "an adapter of Lucia v3", id: old, open: openLucia },
]

async function openMemory(id: string) {
  const adapter = memoryAdapter<UserRow>()
  for (const user of ["ada", "grace"]) await adapter.insertUser({ id: user, attributes: { username: user } }, null)
  await adapter.insertSession({ ...row, id })
  return adapter
}

async function openLucia(id: string) {
  const lucia = memoryLuciaAdapter()
  for (const user of ["ada", "grace"]) lucia.users.set(user, { id: user, attributes: { username: user } })
  const adapter = fromLuciaAdapter<UserRow>(lucia, { createdAt: "created_at" })
  await adapter.insertSession({ ...row, id })
  return adapter
}

async function openWeb(auth: OwnAuth) {
  const { handleRequest } = createWebAuth(auth)
  return async (headers: HeadersInit, run: Run) => {
    const request = handleRequest(new Request("https://app.example/", { headers }))
    await run(request)
    return request.applyTo(new Response()).headers.getSetCookie()
  }
}

const nodeVisits = (auth: OwnAuth) => createNodeAuth(auth).handleRequest

function pagesVisits(auth: OwnAuth) {
  const pages = createPagesAuth(auth, { signInPath: "/sign-in" })
  return (req: IncomingMessage, res: ServerResponse): Visit => ({
    validate: () => pages.validateRequest(req, res),
    signIn: (userId) => pages.signIn(req, res, userId),
    setSession: (token) => pages.setSession(req, res, token),
    rotate: () => pages.rotate(req, res),
    signOut: () => pages.signOut(req, res),
  })
}

async function openServer(visitOf: (req: IncomingMessage, res: ServerResponse) => Visit) {
  let run: Run | undefined
  let failure = ""
  const server = await listen((req, res) => {
    void run?.(visitOf(req, res), res)
      .catch((error: unknown) => (failure = String(error)))
      .then(() => res.end())
  })
  closers.push(server.close)
  return async (headers: HeadersInit, next: Run) => {
    run = next
    const { cookies } = await server.send({ headers: Object.fromEntries(new Headers(headers)) })
    expect(failure).toBe("")
    return cookies
  }
}

describe.each(stores)("over $store", ({ id, open: openStore }) => {
  describe.each(wrappers)("$name", ({ open }) => {
    async function setUp() {
      const adapter = await openStore(id)
      const options = { cookie: { name: "auth_session" }, getUserAttributes: ({ username }: UserRow) => ({ username }) }
      const auth = acceptLuciaTokens(createAuth<UserRow, object, { username: string }>({ adapter, ...options }), {
        adapter,
      })
      const send = await open(auth)
      const visit = (token: string, run: Run) => send({ Cookie: `auth_session=${token}` }, run)
      return { auth, send, visit }
    }

    async function replacementIn(cookies: string[]): Promise<string> {
      expect(cookies).toHaveLength(1)
      const [, token] =
        /^auth_session=([a-z2-7]{32}); Max-Age=7776000; Path=\/; HttpOnly; Secure/.exec(cookies[0]!) ?? []
      return token ?? expect.fail(cookies[0])
    }

    test("replaces the cookie, once, and keeps the visitor signed in", async () => {
      const { visit } = await setUp()
      const names: unknown[] = []
      const see: Run = async ({ validate }) => void names.push((await validate())?.user.username)
      const token = await replacementIn(await visit(old, see))
      expect(await visit(token, see)).toEqual([])
      expect(await replacementIn(await visit(old, see)), "a request that was on its way").toBe(token)
      expect(names).toEqual(["ada", "ada", "ada"])
    })

    test("ends the session at sign-out, whichever of the two cookies is presented", async () => {
      for (const presented of ["old", "new"]) {
        const { auth, visit } = await setUp()
        const token = await replacementIn(await visit(old, ({ validate }) => validate()))
        const cookies = await visit(presented === "old" ? old : token, ({ signOut }) => signOut())
        expect(cookies).toEqual([expect.stringMatching(blank)])
        for (const dead of [old, token]) expect(await auth.validateSession(dead)).toMatchObject({ reason: "unknown" })
      }
    })

    test("ends the session at the first sign-out, with nothing moved before", async () => {
      const { auth, visit } = await setUp()
      expect(await visit(old, ({ signOut }) => signOut())).toEqual([expect.stringMatching(blank)])
      expect(await auth.validateSession(old)).toMatchObject({ reason: "unknown" })
      expect(await auth.getUserSessions("ada")).toEqual([])
    })

    test("ends the old session when another is signed in", async () => {
      const { auth, visit } = await setUp()
      const token = await replacementIn(await visit(old, ({ signIn }) => signIn("grace")))
      expect(await auth.validateSession(token)).toMatchObject({ user: { username: "grace" } })
      expect(await auth.validateSession(old)).toMatchObject({ reason: "unknown" })
      expect(await auth.getUserSessions("ada")).toEqual([])
    })

    test("rotates it", async () => {
      const { auth, visit } = await setUp()
      const token = await replacementIn(await visit(old, ({ rotate }) => rotate()))
      expect(await auth.validateSession(token)).toMatchObject({ user: { username: "ada" } })
      expect(await auth.validateSession(old)).toMatchObject({ reason: "unknown" })
      expect(await auth.getUserSessions("ada")).toHaveLength(1)
    })

    test("keeps the session whose own new token is stored", async () => {
      const { auth, visit } = await setUp()
      const token = await replacementIn(await visit(old, ({ validate }) => validate()))
      expect(await replacementIn(await visit(old, ({ setSession }) => setSession(token)))).toBe(token)
      expect(await auth.validateSession(token)).toMatchObject({ user: { username: "ada" } })
    })

    test("finds nobody by an old cookie that is unknown, and sets none", async () => {
      const { visit } = await setUp()
      const seen: unknown[] = []
      expect(await visit("z".repeat(40), async ({ validate }) => seen.push(await validate()))).toEqual([])
      expect(seen).toEqual([null])
    })

    test("keeps one alive whose cookie cannot be replaced, or who sends it as a bearer token", async () => {
      const { send, visit } = await setUp()
      const names: unknown[] = []
      for (let turn = 0; turn < 2; turn++) {
        await visit(old, async ({ validate }, res) => {
          const validating = validate()
          res?.flushHeaders()
          names.push((await validating)?.user.username)
        })
        await send({ Authorization: `Bearer ${old}` }, async ({ validateBearerToken }) => {
          if (validateBearerToken) names.push((await validateBearerToken())?.user.username)
        })
      }
      expect(new Set(names)).toEqual(new Set(["ada"]))
    })
  })
})

test.each([
  old,
  "a1b2c3d4e5f6g7h8i9j0a1b2c3d4e5f6g7h8i9j0",
  `abcdefghijkmnpqr.${"+/".repeat(21)}A=`,
  encodeURIComponent(`abcdefghijkmnpqr.${"+/".repeat(21)}A=`),
  "abcdefghijkmnpqrabcdefgh.23456789abcdefgh23456789",
])("createAuthProxy() lets an old cookie through to where it is checked: %s", (token) => {
  const proxy = createAuthProxy({ cookie: { name: "auth_session" }, publicPaths: [], signInPath: "/sign-in" })
  const request = new Request("https://app.example/", { headers: { Cookie: `auth_session=${token}` } })
  expect(proxy(request)).toBeUndefined()
})
