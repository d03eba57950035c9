import { expectTypeOf, test } from "vitest"

import type {
  Auth,
  AuthEvent,
  Cookie,
  InferSession,
  InferUser,
  RejectionReason,
  SessionAdapter,
  SessionFields,
  UserAdapter,
  UserId,
} from "../../src/index.ts"
import { createAuth } from "../../src/index.ts"
import { createNodeAuth } from "../../src/node.ts"
import { createUsers } from "../../src/users.ts"
import { createWebAuth } from "../../src/web.ts"
import { memoryAdapter } from "../../adapters/memory.ts"

interface UserRow {
  id: string
  username: string
  admin: boolean
}

interface SessionRow {
  label?: string
}

// The names are what is promised to a user; the compiler checks the bodies, and running them shows that they hold no trick.
function createTestAuth() {
  return createAuth({
    adapter: memoryAdapter<UserRow, SessionRow>(),
    getUserAttributes: ({ username, admin }) => ({ username, isAdmin: admin }),
    getSessionAttributes: ({ label }) => ({ label }),
  })
}

type TestAuth = ReturnType<typeof createTestAuth>
type TestUser = { id: string; username: string; isAdmin: boolean }
type TestSession = Fields<SessionFields<string> & { label: string | undefined }>
/** The fields of a type, as what is inferred has them. */
type Fields<T> = { [Name in keyof T]: T[Name] }

test("user and session have the types that the two functions return", () => {
  expectTypeOf<InferUser<TestAuth>>().toEqualTypeOf<TestUser>()
  expectTypeOf<InferSession<TestAuth>>().toEqualTypeOf<TestSession>()
  expectTypeOf<TestAuth>().toEqualTypeOf<
    Auth<UserRow, SessionRow, { username: string; isAdmin: boolean }, { label: string | undefined }>
  >()
})

test("the two functions get the rows of the adapter", () => {
  createAuth({
    adapter: memoryAdapter<UserRow, SessionRow>(),
    getUserAttributes(row) {
      expectTypeOf(row).toEqualTypeOf<UserRow>()
      // @ts-expect-error there is no such column
      return { email: row.email as unknown }
    },
    getSessionAttributes(attributes) {
      expectTypeOf(attributes).toEqualTypeOf<SessionRow>()
      return {}
    },
    loadUser: async (userId) => {
      expectTypeOf(userId).toEqualTypeOf<string>()
      return null
    },
    onEvent(event) {
      expectTypeOf(event).toEqualTypeOf<AuthEvent>()
    },
  })
})

test("validateSession() tells session, user and token, or the reason", async () => {
  const result = await createTestAuth().validateSession("x")
  if (result.session) {
    expectTypeOf(result.session).toEqualTypeOf<TestSession>()
    expectTypeOf(result.user).toEqualTypeOf<TestUser>()
    expectTypeOf(result.token).toEqualTypeOf<string | undefined>()
    // @ts-expect-error a session that is live was not rejected
    expectTypeOf(result.reason).toBeNever()
  } else {
    expectTypeOf(result.user).toEqualTypeOf<null>()
    expectTypeOf(result.reason).toEqualTypeOf<RejectionReason>()
    expectTypeOf(result.reason).toEqualTypeOf<"malformed" | "unknown" | "expired" | "user_missing">()
  }
})

test("each method of an auth promises exactly its type", () => {
  type Created = { session: TestSession; token: string }
  expectTypeOf<TestAuth["createSession"]>().toEqualTypeOf<
    (userId: string, attributes?: SessionRow) => Promise<Created>
  >()
  expectTypeOf<TestAuth["validateSession"]>().parameters.toEqualTypeOf<[token: unknown]>()
  expectTypeOf<TestAuth["rotateSession"]>().returns.toEqualTypeOf<Promise<Created | null>>()
  expectTypeOf<TestAuth["updateSession"]>().toEqualTypeOf<
    (sessionId: string, attributes: Partial<SessionRow>, options?: { ifNull?: "label" | undefined }) => Promise<boolean>
  >()
  // @ts-expect-error a misspelt name would make the write unconditional
  expectTypeOf<{ ifNull: "lable" }>().toExtend<Parameters<TestAuth["updateSession"]>[2]>()
  expectTypeOf<TestAuth["getUserSessions"]>().toEqualTypeOf<(userId: string) => Promise<TestSession[]>>()
  expectTypeOf<TestAuth["invalidateSession"]>().toEqualTypeOf<
    (sessionId: string, options?: { userId?: string }) => Promise<boolean>
  >()
  expectTypeOf<TestAuth["invalidateUserSessions"]>().returns.toEqualTypeOf<Promise<void>>()
  expectTypeOf<TestAuth["deleteExpiredSessions"]>().toEqualTypeOf<() => Promise<number>>()
  expectTypeOf<TestAuth["createSessionCookie"]>().toEqualTypeOf<
    (token: string, options?: { persistent?: boolean }) => Cookie
  >()
  expectTypeOf<TestAuth["createBlankSessionCookie"]>().toEqualTypeOf<() => Cookie>()
  expectTypeOf<TestAuth["readSessionCookie"]>().toEqualTypeOf<(header: string | null | undefined) => string | null>()
  expectTypeOf<TestAuth["readBearerToken"]>().toEqualTypeOf<(header: string | null | undefined) => string | null>()
  expectTypeOf<TestAuth["sessionCookieName"]>().toEqualTypeOf<string>()
  expectTypeOf<TestAuth["withAdapter"]>().returns.toEqualTypeOf<TestAuth>()
})

test("without the two functions there are only the core's fields", async () => {
  const auth = createAuth({ adapter: memoryAdapter<UserRow>() })
  const { session, user } = await auth.validateSession("x")
  // @ts-expect-error no column without getUserAttributes
  void user?.username
  // @ts-expect-error no column without getSessionAttributes
  void session?.label
  expectTypeOf<InferUser<typeof auth>>().toEqualTypeOf<{ id: string }>()
  expectTypeOf<keyof InferSession<typeof auth>>().toEqualTypeOf<keyof SessionFields>()
})

test("user ids are text, numbers or bigints, as the row has them", async () => {
  const texts = createAuth({ adapter: memoryAdapter<{ id: string }>() })
  const numbers = createAuth({ adapter: memoryAdapter<{ id: number }>() })
  const bigints = createAuth({ adapter: memoryAdapter<{ id: bigint }>() })
  expectTypeOf<InferUser<typeof texts>["id"]>().toEqualTypeOf<string>()
  expectTypeOf<InferUser<typeof numbers>["id"]>().toEqualTypeOf<number>()
  expectTypeOf<InferSession<typeof numbers>["userId"]>().toEqualTypeOf<number>()
  expectTypeOf<InferUser<typeof bigints>["id"]>().toEqualTypeOf<bigint>()
  expectTypeOf(numbers.createSession).parameter(0).toEqualTypeOf<number>()
  expectTypeOf(bigints.getUserSessions).parameter(0).toEqualTypeOf<bigint>()
  void (() => {
    // @ts-expect-error ids are text here
    void texts.createSession(1)
    // @ts-expect-error ids are numbers here
    void numbers.createSession("1")
    // @ts-expect-error ids are numbers here
    void numbers.invalidateUserSessions(1n)
    // @ts-expect-error ids are bigints here
    void bigints.invalidateSession("x", { userId: 1 })
    // @ts-expect-error a Date is no id
    createAuth({ adapter: memoryAdapter<{ id: Date }>() })
  })
})

test("a branded id keeps its brand", () => {
  type Id = string & { readonly brand: "user" }
  const auth = createAuth({ adapter: memoryAdapter<{ id: Id }>() })
  expectTypeOf<InferUser<typeof auth>["id"]>().toEqualTypeOf<Id>()
  expectTypeOf<InferSession<typeof auth>["userId"]>().toEqualTypeOf<Id>()
})

test("a session-only store has users of { id } without loadUser, and loadUser's rows with it", () => {
  const adapter: SessionAdapter<never, SessionRow> = memoryAdapter<never, SessionRow>()
  const bare = createAuth({ adapter, getSessionAttributes: ({ label }) => ({ label }) })
  expectTypeOf<InferUser<typeof bare>>().toEqualTypeOf<{ id: UserId }>()
  expectTypeOf<InferSession<typeof bare>>().toEqualTypeOf<Fields<SessionFields & { label: string | undefined }>>()
  expectTypeOf(bare.createSession).parameter(0).toEqualTypeOf<UserId>()

  const loading = createAuth({
    adapter,
    loadUser: async (userId: string): Promise<UserRow | null> => ({ id: userId, username: "ada", admin: false }),
    getUserAttributes: ({ username }) => ({ username }),
  })
  expectTypeOf<InferUser<typeof loading>>().toEqualTypeOf<{ id: string; username: string }>()
  expectTypeOf<InferSession<typeof loading>["userId"]>().toEqualTypeOf<string>()
  expectTypeOf(loading.createSession).parameter(0).toEqualTypeOf<string>()

  const rows: UserRow[] = []
  const untyped = createAuth({
    adapter,
    loadUser: async (userId) => rows.find(({ id }) => id === userId) ?? null,
    getUserAttributes: ({ username }) => ({ username }),
  })
  expectTypeOf<InferUser<typeof untyped>>().toEqualTypeOf<{ id: string; username: string }>()
})

test("a session-only store without loadUser has no row for getUserAttributes", () => {
  const adapter: SessionAdapter<never, SessionRow> = memoryAdapter<never, SessionRow>()
  // @ts-expect-error there is no row to give it
  createAuth({ adapter, getUserAttributes: () => ({ username: "ada" }) })
})

test("loadUser() loads the adapter's own rows, where it knows them", () => {
  const adapter = memoryAdapter<UserRow>()
  const auth = createAuth({ adapter, loadUser: async () => null, getUserAttributes: ({ username }) => ({ username }) })
  expectTypeOf<InferUser<typeof auth>>().toEqualTypeOf<{ id: string; username: string }>()
  // @ts-expect-error other rows than the adapter's
  createAuth({ adapter, loadUser: async () => ({ id: "ada", username: 5, admin: false }) })
  // @ts-expect-error other ids than the adapter's
  createAuth({ adapter, loadUser: async (userId: number) => ({ id: String(userId), username: "ada", admin: false }) })
})

test("two instances with different users live in one program", async () => {
  const shop = createAuth({
    adapter: memoryAdapter<{ id: string; cart: string[] }>(),
    getUserAttributes: ({ cart }) => ({ cart }),
  })
  const office = createAuth({
    adapter: memoryAdapter<{ id: number; desk: number }>(),
    getUserAttributes: ({ desk }) => ({ desk }),
  })
  expectTypeOf<InferUser<typeof shop>>().toEqualTypeOf<{ id: string; cart: string[] }>()
  expectTypeOf<InferUser<typeof office>>().toEqualTypeOf<{ id: number; desk: number }>()
  // @ts-expect-error the one's adapter is not the other's
  const mixed: typeof office = shop
  void mixed
})

test("a missing port is a type error", () => {
  const { insertSession, findSession, listSessions, extendSession, updateSession, ...rest } = memoryAdapter<UserRow>()
  const { replaceSession, deleteSession, deleteUserSessions, deleteExpiredSessions, ...users } = rest
  const sessions = {
    insertSession,
    findSession,
    listSessions,
    extendSession,
    updateSession,
    replaceSession,
    deleteSession,
    deleteUserSessions,
    deleteExpiredSessions,
  }
  expectTypeOf(users).toExtend<UserAdapter<UserRow>>()
  expectTypeOf(sessions).toExtend<SessionAdapter<UserRow>>()
  const passwordHasher = {
    hash: async (password: string) => password,
    verify: async () => false,
    needsRehash: () => false,
  }
  void (() => {
    createAuth({ adapter: sessions })
    createUsers({ adapter: users, passwordHasher })
    // @ts-expect-error users only: no sessions
    createAuth({ adapter: users })
    // @ts-expect-error sessions only: no users
    createUsers({ adapter: sessions, passwordHasher })
    // @ts-expect-error one method is missing
    createAuth({ adapter: { ...users, insertSession, findSession, listSessions, extendSession, updateSession } })
    // @ts-expect-error no adapter at all
    createAuth({})
    // @ts-expect-error no hasher
    createUsers({ adapter: users })
  })
})

test("invalid options are type errors", () => {
  const adapter = memoryAdapter<UserRow, SessionRow>()
  void (() => {
    // @ts-expect-error a duration has a unit
    createAuth({ adapter, session: { idleTimeout: "30" } })
    // @ts-expect-error a duration is text
    createAuth({ adapter, session: { absoluteTimeout: 3600 } })
    // @ts-expect-error only the absolute timeout may be off
    createAuth({ adapter, session: { idleTimeout: false } })
    // @ts-expect-error no such value
    createAuth({ adapter, cookie: { sameSite: "Lax" } })
    // @ts-expect-error not an option
    createAuth({ adapter, cookies: {} })
    // @ts-expect-error an attribute that the session table lacks
    void createAuth({ adapter }).createSession("user-1", { colour: "red" })
    // @ts-expect-error an attribute of another type
    void createAuth({ adapter }).updateSession("x", { label: 5 })
  })
})

test("createWebAuth() and createNodeAuth() keep the types in validate()", async () => {
  type SignedIn = { session: TestSession; user: TestUser } | null
  const auth = createTestAuth()
  const web = createWebAuth(auth)
  const authRequest = web.handleRequest(new Request("https://app.example/"))
  expectTypeOf(authRequest.validate).toEqualTypeOf<() => Promise<SignedIn>>()
  expectTypeOf(authRequest.validateBearerToken).returns.resolves.toEqualTypeOf<SignedIn>()
  expectTypeOf(authRequest.signIn).parameter(0).toEqualTypeOf<string>()
  expectTypeOf(authRequest.signIn).parameter(1).toEqualTypeOf<SessionRow | undefined>()
  expectTypeOf(authRequest.rotate).returns.resolves.toEqualTypeOf<{ session: TestSession; token: string } | null>()
  expectTypeOf(authRequest.applyTo).toEqualTypeOf<(response: Response) => Response>()

  const { handler } = createNodeAuth(auth)
  handler((_req, _res, { validate, signIn }) => {
    expectTypeOf(validate).toEqualTypeOf<() => Promise<SignedIn>>()
    expectTypeOf(signIn).parameter(0).toEqualTypeOf<string>()
  })
  void (async () => {
    const signedIn = await authRequest.validate()
    // @ts-expect-error null means signed out, so it must be tested
    void signedIn.user
    // @ts-expect-error this auth shows no such attribute
    void signedIn?.user.admin
  })
})

test("nothing that an application receives is any or unknown", () => {
  expectTypeOf<InferUser<TestAuth>>().not.toBeAny()
  expectTypeOf<InferUser<TestAuth>["username"]>().toBeString()
  expectTypeOf<InferUser<TestAuth>["isAdmin"]>().toBeBoolean()
  expectTypeOf<InferSession<TestAuth>["label"]>().toEqualTypeOf<string | undefined>()
  expectTypeOf<InferSession<TestAuth>["createdAt"]>().toEqualTypeOf<Date>()
  expectTypeOf<InferSession<TestAuth>["fresh"]>().toEqualTypeOf<boolean>()
})
