import { Buffer } from "node:buffer"
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto"
import { createStatelessAuth } from "nightlatch/stateless"

import { compete } from "./rounds.ts"

const auth = createStatelessAuth({
  secrets: [randomBytes(32)],
  getUserAttributes: ({ role }: { role: string }) => ({ role }),
})
const limit = createLimit()
const count = 10_000
const userIds = Array.from({ length: count }, () => crypto.randomUUID())
const limitTokens = userIds.map((userId) => limit.createSession(userId, "member"))
const tokens: string[] = []
for (const userId of userIds) tokens.push((await auth.createSession(userId, { role: "member" })).token)
await expectSame()

console.log(`cookie value: limit ${limitTokens[0]?.length} characters, nightlatch ${tokens[0]?.length}`)
await compete([
  {
    name: "open",
    limit: async (n) => limit.validateSession(limitTokens[n % count] ?? ""),
    ours: (n) => auth.validateSession(tokens[n % count]),
  },
  {
    name: "seal",
    limit: async (n) => limit.createSession(userIds[n % count] ?? "", "member"),
    ours: (n) => auth.createSession(userIds[n % count] ?? "", { role: "member" }),
  },
  {
    name: "garbage",
    limit: async () => limit.validateSession("x"),
    ours: () => auth.validateSession("x"),
  },
])

/** The least that is correct: one key, one purpose, AES-256-GCM with a random nonce, a deadline; no id, no extension. */
function createLimit() {
  const key = createSecretKey(randomBytes(32))
  const options = { authTagLength: 16 }
  return {
    createSession(userId: string, role: string): string {
      const nonce = randomBytes(12)
      const cipher = createCipheriv("aes-256-gcm", key, nonce, options)
      const text = JSON.stringify([userId, role, Date.now() + 30 * 86_400_000])
      const ciphertext = cipher.update(text, "utf8")
      cipher.final()
      return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]).toString("base64url")
    },
    validateSession(token: string) {
      const bytes = Buffer.from(token, "base64url")
      if (bytes.length < 28) return null
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), options)
      decipher.setAuthTag(bytes.subarray(-16))
      const text = decipher.update(bytes.subarray(12, -16), undefined, "utf8")
      try {
        decipher.final()
      } catch {
        return null
      }
      const [userId, role, expiresAt] = JSON.parse(text) as [string, string, number]
      return Date.now() < expiresAt ? { id: userId, role } : null
    },
  }
}

async function expectSame(): Promise<void> {
  const { user } = await auth.validateSession(tokens[0])
  const expected = limit.validateSession(limitTokens[0] ?? "")
  if (user?.id !== expected?.id || user?.role !== expected?.role) throw new Error("The contenders disagree.")
}
