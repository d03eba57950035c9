import { LuciaError } from "lucia"
import type { AuthRequest, GlobalAuth, Key, KeySchema, Session, SessionSchema, User, UserSchema } from "lucia"
import { auth } from "./auth.ts"
import type { Auth } from "./auth.ts"

declare function cookies(): {
  get(name: string): { name: string; value: string } | undefined
  set(name: string, value: string, options: object): void
}

type NextRequest = Request & { cookies: { get(name: string): { name: string; value: string } } }

export async function signUp(request: NextRequest): Promise<[User, Session]> {
  const user = await auth.createUser({
    key: { providerId: "username", providerUserId: "ada", password: "secret" },
    attributes: { username: "ada", password_age: 0 },
  })
  const session = await auth.createSession({ userId: user.userId, attributes: { label: "laptop" } })
  auth.handleRequest({ request, cookies }).setSession(session)
  // @ts-expect-error -- users have a password_age
  await auth.createUser({ key: null, attributes: { username: "ada" } })
  // @ts-expect-error -- sessions have a label
  await auth.createSession({ userId: user.userId, attributes: {} })
  // @ts-expect-error -- there is no such attribute
  await auth.updateUserAttributes(user.userId, { colour: "red" })
  await auth.updateUserAttributes(user.userId, { username: "grace" })
  return [user, session]
}

export async function signIn(username: string): Promise<string | undefined> {
  try {
    const key: Key = await auth.useKey("username", username, "secret")
    return key.userId
  } catch (error) {
    if (error instanceof LuciaError && error.message === "AUTH_INVALID_KEY_ID") return undefined
    // @ts-expect-error -- there is no such message
    if (error instanceof LuciaError && error.message === "AUTH_INVALID") return undefined
    throw error
  }
}

export async function page(): Promise<string> {
  const authRequest: AuthRequest<GlobalAuth> = auth.handleRequest({ request: null, cookies })
  const session = await authRequest.validate()
  // @ts-expect-error -- nobody may be signed in
  void session.user
  if (!session) return ""
  // @ts-expect-error -- not among what getUserAttributes returns
  void session.user.password_age
  const state: "active" | "idle" = session.state
  return [session.user.username.trim(), session.user.userId.trim(), session.label.trim(), state].join()
}

export function rows(user: UserSchema, key: KeySchema, session: SessionSchema): [User, Key, Session] {
  void [
    user.password_age.toFixed(),
    session.label.trim(),
    session.active_expires.toFixed(),
    key.hashed_password?.trim(),
  ]
  const transformed = auth.transformDatabaseUser(user)
  const context = { user: transformed, fresh: false }
  return [transformed, auth.transformDatabaseKey(key), auth.transformDatabaseSession(session, context)]
}

export function cookie(auth: Auth, session: Session): string {
  return auth.createSessionCookie(session).serialize() + auth.createSessionCookie(null).name
}
