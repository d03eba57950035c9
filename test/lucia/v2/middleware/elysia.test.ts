import { expect, test } from "vitest"
import { elysia } from "../../../../src/lucia-v2/middleware.ts"
import type { ElysiaContext } from "../../../../src/lucia/v2/middleware/elysia.ts"
import { openAuth } from "./open-auth.ts"

test("elysia() leaves an object of headers alone that the application gives to every response", async () => {
  const { auth, createSession } = await openAuth(elysia())
  const shared = { "x-own": "kept", "set-cookie": "theme=dark" }
  const [ada, grace] = [await createSession(), await createSession()]
  for (const session of [ada, grace]) {
    const context: ElysiaContext = { request: new Request("https://example.com"), set: { headers: shared } }
    const authRequest = auth.handleRequest(context)
    void authRequest.setSession(ada)
    void authRequest.setSession(session)
    const cookies = ["theme=dark", auth.createSessionCookie(session).serialize()]
    expect({ ...context.set.headers }).toEqual({ "x-own": "kept", "set-cookie": cookies })
  }
  expect(Object.getOwnPropertyDescriptors(shared)).toEqual(
    Object.getOwnPropertyDescriptors({ "x-own": "kept", "set-cookie": "theme=dark" }),
  )
})

test("elysia() keeps the session's cookie when a jar assigns others", async () => {
  const { auth, createSession } = await openAuth(elysia())
  const session = await createSession()
  const context: ElysiaContext = { request: new Request("https://example.com"), set: { headers: {} } }
  void auth.handleRequest(context).setSession(session)
  context.set.headers["set-cookie"] = ["lang=en"]
  expect(context.set.headers["set-cookie"]).toEqual(["lang=en", auth.createSessionCookie(session).serialize()])
})
