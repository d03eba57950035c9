import { expect, test } from "vitest"
import { createSnapshots, createStatelessAuth } from "../../src/stateless.ts"
import { runCommand } from "./migrated-text.ts"

test("secret prints a secret that seals sessions and snapshots, and nothing else", async () => {
  const { code, output } = await runCommand(".", "secret")
  expect([code, output]).toEqual([0, expect.stringMatching(/^[\w-]{43}$/)])
  expect(Buffer.from(output, "base64url")).toHaveLength(32)
  const auth = createStatelessAuth({ secrets: [output] })
  const { token } = await auth.createSession("ada")
  expect((await auth.validateSession(token)).user).toEqual({ id: "ada" })
  expect(() => createSnapshots({ secrets: [output], claims: () => ({}) })).not.toThrow()
  expect((await runCommand(".", "secret")).output).not.toBe(output)
})
