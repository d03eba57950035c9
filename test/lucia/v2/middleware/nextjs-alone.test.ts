import { expect, test } from "vitest"

import type { NextCookies } from "../../../../src/lucia-v2/middleware.ts"
import { nextjs } from "../../../../src/lucia-v2/middleware.ts"
import { openAuth } from "./open-auth.ts"

// Next.js is not installed here, so that next/headers cannot be imported.
test("a Server Action whose headers cannot be had is nobody's, and can sign in", async () => {
  const { auth, createSession } = await openAuth(nextjs())
  const { sessionId } = await createSession()
  const set: string[] = []
  const jar: NextCookies = { get: () => ({ value: sessionId }), set: (_, value) => set.push(value), delete() {} }
  const authRequest = auth.handleRequest({ request: null, cookies: () => jar })
  expect(await authRequest.validate()).toBe(null)
  const session = await createSession()
  void authRequest.setSession(session)
  expect(set).toEqual([session.sessionId])
})
