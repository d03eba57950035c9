import { Hono } from "hono"
import { afterEach, describe, expect, test } from "vitest"
import { createHonoAuth } from "../../src/hono.ts"
import { createNodeAuth } from "../../src/node.ts"
import type { Authorize, MemberCheck } from "../../src/node.ts"
import { createWebAuth } from "../../src/web.ts"
import { setUp as setUpAuth } from "../core/auth-fixture.ts"
import { listen } from "./node-server.ts"

type TestAuth = Awaited<ReturnType<typeof setUpAuth>>["auth"]
type Check = MemberCheck<TestAuth>
type Options = { authorize?: Authorize<TestAuth> }
type Ask = (headers: Record<string, string>, options?: Options) => Promise<Check>

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const url = "https://app.example/"

const wrappers: { name: string; open(auth: TestAuth): Promise<Ask> }[] = [
  {
    name: "createWebAuth()",
    async open(auth) {
      const { memberOf } = createWebAuth(auth)
      return (headers, options) => memberOf(new Request(url, { method: "POST", headers }), options)
    },
  },
  {
    name: "createHonoAuth()",
    async open(auth) {
      const honoAuth = createHonoAuth(auth)
      return async (headers, options) => {
        const checks: Check[] = []
        const app = new Hono().post("/", async (c) => {
          checks.push(await honoAuth.memberOf(c.req.raw, options))
          return c.text("")
        })
        await app.request(url, { method: "POST", headers })
        return checks[0]!
      }
    },
  },
  {
    name: "createNodeAuth()",
    async open(auth) {
      const { memberOf } = createNodeAuth(auth)
      return async (headers, options) => {
        const checks: Check[] = []
        const server = await listen((req, res) => {
          void memberOf(req, options).then((check) => (checks.push(check), res.end()))
        })
        closing.push(server.close)
        await server.send({ method: "POST", headers })
        return checks[0]!
      }
    },
  },
]

describe.each(wrappers)("memberOf() of $name", ({ open }) => {
  test("finds the member of a bearer token, from whatever origin", async () => {
    const { ask, bearer, events } = await setUp()
    for (const [header, value] of [
      ["Accept", "*/*"],
      ["Origin", "https://other.example"],
      ["Sec-Fetch-Site", "cross-site"],
    ] as const) {
      const check = await ask({ ...bearer, [header]: value })
      expect(check).toEqual({ member: expect.objectContaining({ user: { id: "user-1", username: "ada" } }) as unknown })
    }
    expect(events.map(({ type }) => type)).toEqual(["session_created"])
  })

  test("says of nobody that they are signed out", async () => {
    const { ask, token } = await setUp()
    const nobody = { member: null, refused: "signed_out" }
    for (const value of ["", "Bearer", `Basic ${token}`, "Bearer x", `Bearer ${"a".repeat(32)}`])
      expect(await ask(value ? { Authorization: value } : {})).toEqual(nobody)
  })

  test("reads no cookie", async () => {
    const { ask, token } = await setUp()
    const check = await ask({ Cookie: `__Host-session=${token}`, Origin: "https://app.example" })
    expect(check).toEqual({ member: null, refused: "signed_out" })
  })

  test.each<[unknown, Check["refused"]]>([
    [true, undefined],
    [Promise.resolve(true), undefined],
    [false, "forbidden"],
    ["confirm", "confirm"],
    [Promise.resolve("confirm"), "confirm"],
    ["Confirm", "forbidden"],
    [1, "forbidden"],
    [{}, "forbidden"],
    [undefined, "forbidden"],
  ])("takes %o of authorize for %j", async (decision, refused) => {
    const { ask, bearer } = await setUp()
    const check = await ask(bearer, { authorize: () => decision as boolean })
    expect(check.refused).toBe(refused)
    expect(check.member?.user.username).toBe(refused ? undefined : "ada")
  })

  test("asks authorize() of members only", async () => {
    const { ask } = await setUp()
    const asked: unknown[] = []
    expect(await ask({}, { authorize: (member) => asked.push(member) > 0 })).toMatchObject({ refused: "signed_out" })
    expect(asked).toEqual([])
  })

  async function setUp() {
    const { auth, events } = await setUpAuth()
    const { token } = await auth.createSession("user-1")
    return { ask: await open(auth), token, bearer: { Authorization: `Bearer ${token}` }, events }
  }
})

test("memberOf() refuses a misspelt option, and one that would let everybody in", async () => {
  const { auth } = await setUpAuth()
  const { memberOf } = createWebAuth(auth)
  for (const wrong of [{ authorise: () => false }, { public: true }])
    await expect(memberOf(new Request(url), wrong as object)).rejects.toMatchObject({ code: "invalid_option" })
})
