import { expect, test } from "vitest"

import { memoryAdapter } from "../../adapters/memory.ts"
import { hashToken } from "../../src/core/token.ts"
import { createAuth } from "../../src/index.ts"
import { acceptLuciaTokens } from "../../src/lucia.ts"

test("a cookie of Lucia's is worth one token of ours", async () => {
  const adapter = memoryAdapter<{ id: string; username: string }>()
  await adapter.insertUser({ id: "ada", attributes: { username: "ada" } }, null)
  const old = "a2".repeat(20)
  const createdAt = new Date()
  const expiresAt = new Date(Date.now() + 86_400_000 * 20)
  await adapter.insertSession({ id: old, userId: "ada", createdAt, expiresAt, attributes: {} })
  const auth = acceptLuciaTokens(createAuth({ adapter }), { adapter })
  const result = await auth.validateSession(old)
  expect(result).toMatchObject({ user: { id: "ada" }, token: expect.stringMatching(/^[a-z2-7]{32}$/) })
  expect(await adapter.findSession(old)).toBeNull()
  const { token } = result as { token: string }
  expect(await adapter.findSession(hashToken(token))).toMatchObject({ session: { createdAt, expiresAt } })
  expect(await auth.validateSession(old)).toEqual(result)
  expect(await auth.validateSession(token)).toMatchObject({ session: { userId: "ada", createdAt, expiresAt } })
})
