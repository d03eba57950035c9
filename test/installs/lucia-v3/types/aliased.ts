import { Lucia, TimeSpan } from "lucia"
import type { Adapter, DatabaseSession, Session, User, UserId } from "lucia"

declare const adapter: Adapter

const lucia = new Lucia(adapter, {
  sessionExpiresIn: new TimeSpan(2, "w"),
  getUserAttributes: ({ username }) => ({ username }),
  getSessionAttributes: ({ label }) => ({ label }),
})

declare module "lucia" {
  interface Register {
    Lucia: typeof lucia
    UserId: number
    DatabaseUserAttributes: { username: string; password_hash: string }
    DatabaseSessionAttributes: { label: string }
  }
}

export async function registered(): Promise<[Session, User, UserId, string]> {
  const created = await lucia.createSession(1, { label: "laptop" })
  const { session, user } = await lucia.validateSession(created.id)
  if (!session) throw new Error(created.label)
  // @ts-expect-error -- not among what getUserAttributes returns
  void user.password_hash
  // @ts-expect-error -- user ids are numbers
  await lucia.createSession("1", { label: "laptop" })
  // @ts-expect-error -- sessions have a label
  await lucia.createSession(1, {})
  const row: DatabaseSession = { id: session.id, userId: user.id, expiresAt: session.expiresAt, attributes: session }
  return [session, user, row.userId, `${user.username.trim()} ${row.attributes.label.trim()}`]
}
