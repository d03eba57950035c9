import { sealData, unsealData } from "iron-session"
import { EncryptJWT, jwtDecrypt, jwtVerify, SignJWT } from "jose"
import { createStatelessAuth } from "nightlatch/stateless"

import { compete } from "../rounds.ts"
import type { Contest } from "../rounds.ts"

/** A way to keep a user's id and role in a cookie. */
interface Peer {
  name: string
  seal(userId: string): Promise<string>
  open(token: string): Promise<{ userId: unknown; role: unknown }>
}

const secret = crypto.getRandomValues(new Uint8Array(32))
const password = Buffer.from(secret).toString("base64")
const days30 = 30 * 86_400
const userId = crypto.randomUUID()
const auth = createStatelessAuth({ secrets: [secret], getUserAttributes: ({ role }: { role: string }) => ({ role }) })
const own = (await auth.createSession(userId, { role: "member" })).token

const peers: Peer[] = [
  {
    name: "jose, signed (HS256)",
    seal: (sub) =>
      new SignJWT({ role: "member" })
        .setProtectedHeader({ alg: "HS256" })
        .setSubject(sub)
        .setIssuedAt()
        .setExpirationTime("30d")
        .sign(secret),
    open: async (token) => claims((await jwtVerify(token, secret, { algorithms: ["HS256"] })).payload),
  },
  {
    name: "jose, encrypted (A256GCM)",
    seal: (sub) =>
      new EncryptJWT({ role: "member" })
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .setSubject(sub)
        .setIssuedAt()
        .setExpirationTime("30d")
        .encrypt(secret),
    open: async (token) => claims((await jwtDecrypt(token, secret)).payload),
  },
  {
    name: "iron-session",
    seal: (id) => sealData({ userId: id, role: "member" }, { password, ttl: days30 }),
    open: (token) => unsealData(token, { password, ttl: days30 }),
  },
]

const contests: Contest[] = []
for (const { name, seal, open } of peers) {
  const token = await seal(userId)
  const opened = await open(token)
  if (opened.userId !== userId || opened.role !== "member") throw new Error(`${name} opens wrongly.`)
  console.log(`${name}: ${token.length} characters; nightlatch: ${own.length}`)
  contests.push({ name: `open, ${name}`, limit: () => open(token), ours: () => auth.validateSession(own) })
  contests.push({
    name: `seal, ${name}`,
    limit: () => seal(userId),
    ours: () => auth.createSession(userId, { role: "member" }),
  })
}
await compete(contests)

function claims({ sub, role }: { sub?: string; role?: unknown }) {
  return { userId: sub, role }
}
