import { hash } from "node:crypto"
import { prismaAdapter } from "../../../adapters/prisma.ts"
import { compete } from "../../../bench/rounds.ts"
import { idOf, tokenOf } from "../../../bench/many-sessions.ts"
import { createAuth } from "../../../src/index.ts"
import { openPostgresText, openSqliteText } from "./stores.ts"

const sessions = 10_000
const day = 86_400_000

for (const [name, open] of [
  ["Prisma, SQLite", openSqliteText],
  ["Prisma, PostgreSQL", openPostgresText],
] as const) {
  const store = await open()
  if (!store) continue
  await fill(store.client)
  const { validateSession } = createAuth({
    adapter: prismaAdapter(store.client),
    getUserAttributes: ({ username }) => ({ username }),
  })
  const limit = (token) => byHand(store.client, token)
  for (const validate of [limit, validateSession])
    if ((await validate(tokenOf(1)))?.user?.username !== "name 1") throw new Error("A contender validates wrongly.")
  const tokenAt = (n) => tokenOf((n * 7919) % sessions)
  await compete([{ name, limit: (n) => limit(tokenAt(n)), ours: (n) => validateSession(tokenAt(n)) }])
  await store.close()
}

async function fill({ user, session }) {
  const numbers = Array.from({ length: sessions }, (_, n) => n)
  const times = { createdAt: new Date(), expiresAt: new Date(Date.now() + 30 * day) }
  await user.createMany({ data: numbers.map((n) => ({ id: `user-${n}`, username: `name ${n}` })) })
  await session.createMany({ data: numbers.map((n) => ({ id: idOf(n), userId: `user-${n}`, ...times })) })
}

/** The minimum that is correct, without renewal, which no session here needs. */
async function byHand(client, token) {
  if (typeof token !== "string" || !/^[a-z2-7]{32}$/.test(token)) return null
  const row = await client.session.findUnique({ where: { id: hash("sha256", token, "hex") }, include: { user: true } })
  const now = Date.now()
  if (!row || now >= row.expiresAt.getTime() || now >= row.createdAt.getTime() + 90 * day) return null
  const { id, userId, createdAt, expiresAt, user } = row
  return { session: { id, userId, createdAt, expiresAt }, user: { id: userId, username: user.username } }
}
