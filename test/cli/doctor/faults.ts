/** Files by their paths. */
export type Files = Record<string, string>

/** A fault that a rule must find, and the same project without it. */
export interface Fault {
  rule: string
  /** Where it is, as `file:line`; several if one mistake shows in several places. */
  at: string | string[]
  faulty: Files
  cured: Files
}

const auth = `import { createAuth } from "nightlatch"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { createNextAuth } from "nightlatch/next"
import { argon2id } from "nightlatch/password"
import { createUsers } from "nightlatch/users"
import { db } from "./db"

const adapter = nodeSqliteAdapter<{ id: string; username: string }>(db)
export const users = createUsers({ adapter, passwordHasher: argon2id() })
export const auth = createAuth({ adapter, getUserAttributes: ({ username }) => ({ username }) })
export const { getSession, verifySession, protectedPage, signIn, setSession, signOut, routeHandler, serverAction } =
  createNextAuth(auth, { signInPath: "/sign-in" })
`
const manifest = (change: object = {}) => {
  const dependencies = {
    nightlatch: "^0.1.0",
    next: "16.0.0",
    react: "19.0.0",
    hono: "4.0.0",
    "@node-rs/argon2": "2.0.0",
  }
  return JSON.stringify({ name: "app", engines: { node: ">=24" }, dependencies, ...change }, null, 2)
}

/** A project without a fault, which the others are put into. */
export const base: Files = {
  "package.json": manifest(),
  "lib/auth.ts": auth,
  "lib/db.ts": `import { DatabaseSync } from "node:sqlite"\nexport const db = new DatabaseSync("app.db")\n`,
  "lib/clean-up.ts": `import { auth } from "./auth"\nsetInterval(() => auth.deleteExpiredSessions().catch(console.error), 86_400_000)\n`,
}

const proxy = (publicPaths: string) => `import { createAuthProxy } from "nightlatch/next/proxy"
export const proxy = createAuthProxy({ publicPaths: ${publicPaths}, signInPath: "/sign-in" })
`
const hono = (code: string) => `import { Hono } from "hono"
import { createHonoAuth } from "nightlatch/hono"
import { auth, users } from "./lib/auth"
const app = new Hono()
app.use(createHonoAuth(auth))
${code}`
const options = (text: string) => auth.replace("createAuth({ adapter,", `createAuth({ adapter, ${text}`)
const stateless = (secrets: string) => `import { createStatelessAuth } from "nightlatch/stateless"
export const sealed = createStatelessAuth({
  secrets: ${secrets},
})
`
const factors = (secrets: string) => `import { createPasskeys } from "nightlatch/passkeys"
import { createTotp } from "nightlatch/totp"
import { adapter } from "./db"
const site = { rpId: "example.com", rpName: "Example", origins: ["https://example.com"] }
export const totp = createTotp({ adapter, issuer: "Example", secrets: ${secrets} })
export const passkeys = createPasskeys({ adapter, ...site, secrets: ${secrets} })
`
const door = (code: string) => `import { createSignIn } from "nightlatch/sign-in"
import { tokens } from "./tokens"
import { auth, serverAction, setSession, signIn, users } from "@/lib/auth"

export const door = createSignIn({ auth, users, tokens, factors: [] })
${code}`
const oauth = `import { createOAuth } from "nightlatch/oauth"
import { auth, users } from "./auth"
import { tokens } from "./tokens"
export const oauth = createOAuth({ providers: [], redirectUri: (id) => id, users, tokens, auth })
`
const passkeys = (site: string) => `import { createPasskeys } from "nightlatch/passkeys"
import { adapter } from "./db"
export const passkeys = createPasskeys({
  adapter,
  rpName: "Example",
  secrets: [process.env.SECRET],
  ${site}
})
`
const bound = (
  binding = "",
  wrapper = "device, ",
) => `import { createDeviceBinding, deviceKey } from "nightlatch/device"
${auth
  .replace("({ username }) })", "({ username }), getSessionAttributes: deviceKey })")
  .replace(
    "export const {",
    `export const device = createDeviceBinding({ auth, secrets, mode: "observe"${binding} })\n$&`,
  )
  .replace("{ signInPath", `{ ${wrapper}signInPath`)}`
const deviceRoute = (code = "export const POST = device.handler") => `import { device } from "@/lib/auth"\n${code}\n`
const deviceRoutes: { path?: string; faulty: Files; cured: Files }[] = [
  { faulty: {}, cured: { "app/auth/device/route.ts": deviceRoute() } },
  {
    faulty: { "app/auth/device/route.ts": deviceRoute("export const GET = device.handler") },
    cured: { "app/auth/device/route.ts": deviceRoute("export { POST } from '@/lib/auth'") },
  },
  {
    path: "/bound",
    faulty: { "src/app/auth/device/route.ts": deviceRoute() },
    cured: { "src/app/(hidden)/bound/route.ts": deviceRoute() },
  },
  {
    path: "/api/auth/device",
    faulty: { "pages/auth/device.ts": deviceRoute(), "pages/api/device.ts": deviceRoute() },
    cured: { "pages/api/auth/device.ts": deviceRoute("export { deviceRoute as default } from '@/lib/pages-auth'") },
  },
]
const socket = (options: string) => `import { createNodeAuth } from "nightlatch/node"
import { auth, device } from "./lib/auth"
export const { handleRequest } = createNodeAuth(auth${options})
`
const action = `import { serverAction, signIn } from "@/lib/auth"
export const enter = serverAction(() => signIn("1"), { public: true })
`
const table = (end: string) => `import { index, pgTable, text, timestamp } from "drizzle-orm/pg-core"
export const session = pgTable(
  "session",
  {
    id: text().primaryKey(),
    userId: text("user_id").notNull(),
    createdAt: timestamp("created_at").notNull(),
    expiresAt: timestamp("expires_at").notNull(),
  },${end}
)
`
const sessionModel = (end: string) => `model User {
  id String @id
}

model Session {
  id        String   @id
  userId    String
  createdAt DateTime
  expiresAt DateTime
${end}}
`
const lock = (other: string) => `{
  "packages": {
    "node_modules/nightlatch": {
      "version": "0.1.0"
    },
    "node_modules/ui/node_modules/nightlatch": {
      "version": "${other}"
    }
  }
}
`

/** At least one fault for each rule. */
export const faults: Fault[] = [
  {
    rule: "missing-guard",
    at: "app/actions.ts:5",
    faulty: {
      "app/actions.ts": `"use server"
import { users } from "@/lib/auth"

export async function rename(id: string, username: string) {
  await users.updateUser(id, { username })
}
`,
    },
    cured: {
      "app/actions.ts": `"use server"
import { serverAction, users } from "@/lib/auth"

export const rename = serverAction(async ({ user }, username: string) => {
  await users.updateUser(user.id, { username })
})
`,
    },
  },
  {
    rule: "missing-guard",
    at: "app/api/devices/route.ts:4",
    faulty: {
      "app/api/devices/route.ts": `import { auth } from "../../../lib/auth"

export async function GET(_: Request, { params }: { params: { id: string } }) {
  return Response.json(await auth.getUserSessions(params.id.slice(1)))
}
`,
    },
    cured: {
      "app/api/devices/route.ts": `import { auth } from "../../../lib/auth"
import { currentUser } from "../../../lib/current-user"

export async function GET() {
  const user = await currentUser()
  return Response.json(await auth.getUserSessions(user.id))
}
`,
      "lib/current-user.ts": `import { verifySession } from "./auth"

export async function currentUser() {
  return (await verifySession()).user
}
`,
    },
  },
  {
    rule: "asserted-session",
    at: "app/page.tsx:4",
    faulty: {
      "app/page.tsx": `import { getSession } from "../lib/auth"

export default async function Page() {
  const { user } = (await getSession())!.valueOf()
  return <p>{user.username}, it's you</p>
}
`,
    },
    cured: {
      "app/page.tsx": `import { getSession } from "../lib/auth"

export default async function Page() {
  const signedIn = await getSession()
  if (!signedIn) return <p>Sign in</p>
  return <p>{signedIn.user.username}, it's you</p>
}
`,
    },
  },
  {
    rule: "asserted-session",
    at: "app.js:7",
    faulty: {
      "app.js": hono(`app.get("/me", async (c) => {
  const { user } = await c.var.auth.validate()
  return c.json(user)
})
`),
    },
    cured: {
      "app.js": hono(`app.get("/me", async (c) => {
  const { user } = (await c.var.auth.validate()) ?? {}
  return user ? c.json(user) : c.redirect("/sign-in")
})
`),
    },
  },
  {
    rule: "cached-session",
    at: "lib/data.ts:5",
    faulty: {
      "lib/data.ts": `import { verifySession } from "./auth"

export async function profile() {
  "use cache"
  const { user } = await verifySession()
  return user.username
}
`,
    },
    cured: {
      "lib/data.ts": `import { verifySession } from "./auth"

export async function profile() {
  "use cache: private"
  const { user } = await verifySession()
  return user.username
}
`,
    },
  },
  {
    rule: "missing-await",
    at: "app/account/page.tsx:4",
    faulty: {
      "app/account/page.tsx": `import { verifySession } from "@/lib/auth"

export default async function Page() {
  verifySession()
  return <p>Only for you</p>
}
`,
    },
    cured: {
      "app/account/page.tsx": `import { verifySession } from "@/lib/auth"

export default async function Page() {
  await verifySession()
  return <p>Only for you</p>
}
`,
    },
  },
  {
    rule: "missing-await",
    at: "lib/data.ts:4",
    faulty: {
      "lib/data.ts": `import { getSession as current } from "./auth"

export async function isSignedIn() {
  const session = current()
  if (!session) return false
  return true
}
`,
    },
    cured: {
      "lib/data.ts": `import { getSession as current } from "./auth"

export async function isSignedIn() {
  const session = current()
  if (!(await session)) return false
  return true
}

export const promised = () => current()
`,
    },
  },
  {
    rule: "missing-await",
    at: "lib/socket.ts:5",
    faulty: {
      "lib/socket.ts": `import { auth } from "./auth"

export function isOpen(token: string) {
  // Always true.
  return auth.validateSession(token) ? "open" : "closed"
}
`,
    },
    cured: {
      "lib/socket.ts": `import { auth } from "./auth"

export async function isOpen(token: string) {
  const { session } = await auth.validateSession(token)
  return session ? "open" : "closed"
}
`,
    },
  },
  {
    rule: "unfinished-change",
    at: "app.ts:7",
    faulty: {
      "app.ts": hono(`app.post("/sign-out", async (c) => {
  c.var.auth.signOut()
  return c.redirect("/")
})
`),
    },
    cured: {
      "app.ts": hono(`app.post("/sign-out", async (c) => {
  await c.var.auth.signOut()
  return c.redirect("/")
})
`),
    },
  },
  {
    rule: "guard-in-try",
    at: "app/account/page.tsx:5",
    faulty: {
      "app/account/page.tsx": `import { verifySession } from "@/lib/auth"

export default async function Page() {
  try {
    const { user } = await verifySession()
    return <p>{user.username}</p>
  } catch {
    return <p>Something went wrong</p>
  }
}
`,
    },
    cured: {
      "app/account/page.tsx": `import { verifySession } from "@/lib/auth"
import { load } from "@/lib/db"

export default async function Page() {
  const { user } = await verifySession()
  try {
    return <p>{await load(user.id)}</p>
  } catch {
    return <p>Something went wrong</p>
  }
}
`,
    },
  },
  {
    rule: "proxy-only",
    at: "app/dashboard/page.tsx:3",
    faulty: {
      "proxy.ts": proxy(`["/", "/sign-up"]`),
      "app/dashboard/page.tsx": `import { db } from "@/lib/db"

export default async function Page() {
  return <p>{await db.prepare("SELECT 1").get()}</p>
}
`,
    },
    cured: {
      "proxy.ts": proxy(`["/", "/sign-up", "/about"]`),
      "app/about/page.tsx": `export default async function Page() {\n  return <p>About</p>\n}\n`,
      "app/dashboard/page.tsx": `import { db } from "@/lib/db"
import { protectedPage } from "@/lib/auth"

export default protectedPage(async () => <p>{await db.prepare("SELECT 1").get()}</p>)
`,
    },
  },
  {
    rule: "layout-only",
    at: "app/(private)/orders/page.tsx:3",
    faulty: {
      "app/(private)/layout.tsx": `import { protectedPage } from "@/lib/auth"
export default protectedPage<{ children: unknown }>((_, { children }) => <main>{children}</main>)
`,
      "app/(private)/orders/page.tsx": `import { db } from "@/lib/db"

export default async function Page() {
  return <p>{await db.prepare("SELECT 1").get()}</p>
}
`,
    },
    cured: {
      "app/(private)/layout.tsx": `import { protectedPage } from "@/lib/auth"
export default protectedPage<{ children: unknown }>((_, { children }) => <main>{children}</main>)
`,
      "app/(private)/orders/page.tsx": `import { orders } from "@/lib/orders"

export default async function Page() {
  return <p>{await orders()}</p>
}
`,
      "lib/orders.ts": `import { verifySession } from "./auth"
import { db } from "./db"

export const orders = async () => {
  const { user } = await verifySession()
  return db.prepare("SELECT count(*) FROM orders WHERE user_id = ?").get(user.id)
}
`,
    },
  },
  {
    rule: "proxy-options",
    at: "proxy.ts:2",
    faulty: {
      "lib/auth.ts": options(`cookie: { secure: process.env.NODE_ENV === "production" },`),
      "proxy.ts": proxy(`["/"]`),
    },
    cured: {
      "lib/cookie.ts": `export const cookie = { secure: process.env.NODE_ENV === "production" }\n`,
      "lib/auth.ts": `import { cookie } from "./cookie"\n${options("cookie,")}`,
      "proxy.ts": `import { cookie } from "./lib/cookie"
import { createAuthProxy } from "nightlatch/next/proxy"
export const proxy = createAuthProxy({ cookie, publicPaths: ["/"], signInPath: "/sign-in" })
`,
    },
  },
  {
    rule: "server-code-in-client",
    at: "app/menu.tsx:3",
    faulty: {
      "app/menu.tsx": `"use client"

import { users } from "../lib/auth"

export const Menu = () => <nav>{String(users)}</nav>
`,
    },
    cured: {
      "app/menu.tsx": `"use client"

import type { users } from "../lib/auth"

export const Menu = ({ list }: { list: typeof users }) => <nav>{String(list)}</nav>
`,
    },
  },
  {
    rule: "mixed-routers",
    at: "pages/index.tsx:1",
    faulty: {
      "lib/auth.ts": `${auth}
import { createPagesAuth } from "nightlatch/next/pages"
export const { serverSideProps } = createPagesAuth(auth, { signInPath: "/sign-in" })
`,
      "pages/index.tsx": `import { serverSideProps } from "../lib/auth"
export const getServerSideProps = serverSideProps(async () => ({ props: {} }))
`,
    },
    cured: {
      "lib/auth.ts": auth.replaceAll(/import \{ createNextAuth.*\n|export const \{ getSession[^]*$/g, ""),
      "lib/pages-auth.ts": `import { createPagesAuth } from "nightlatch/next/pages"
import { auth } from "./auth"
export const { serverSideProps } = createPagesAuth(auth, { signInPath: "/sign-in" })
`,
      "pages/index.tsx": `import { serverSideProps } from "../lib/pages-auth"
export const getServerSideProps = serverSideProps(async () => ({ props: {} }))
`,
    },
  },
  {
    rule: "open-redirect",
    at: "app/actions.ts:8",
    faulty: {
      "app/actions.ts": `"use server"
import { redirect } from "next/navigation"
import { serverAction, setSession } from "@/lib/auth"

export const enter = serverAction(async (_visitor, token: string, form: FormData) => {
  await setSession(token)
  const next = form.get("next")
  redirect(String(next ?? "/"))
}, { public: true })
`.replace('String(next ?? "/")', "String(next)"),
    },
    cured: {
      "app/actions.ts": `"use server"
import { redirect } from "next/navigation"
import { safeRedirect } from "nightlatch/web"
import { serverAction, setSession } from "@/lib/auth"

export const enter = serverAction(async (_visitor, token: string, form: FormData) => {
  await setSession(token)
  redirect(safeRedirect(form.get("next"), "/"))
}, { public: true })
`,
    },
  },
  {
    rule: "open-redirect",
    at: "app.ts:8",
    faulty: {
      "app.ts": hono(`app.post("/continue", async (c) => {
  const next = c.req.query("next")
  return c.redirect(next ?? "/")
})
`),
    },
    cured: {
      "app.ts": hono(`const pages = ["/", "/profile"]
app.post("/continue", async (c) => {
  const next = c.req.query("next")
  return c.redirect(pages.includes(next) ? next : "/")
})
`),
    },
  },
  {
    rule: "client-user-id",
    at: "app.ts:8",
    faulty: {
      "app.ts": hono(`app.post("/password", async (c) => {
  const { userId, password } = await c.req.json()
  await users.updateUserPassword(userId, password)
  return c.body(null, 204)
})
`),
    },
    cured: {
      "app.ts": hono(`app.post("/password", async (c) => {
  const { password } = await c.req.json()
  const signedIn = await c.var.auth.validate()
  if (!signedIn) return c.redirect("/sign-in")
  await users.updateUserPassword(signedIn.user.id, password)
  return c.body(null, 204)
})
`),
    },
  },
  {
    rule: "client-user-id",
    at: "app/api/devices/route.ts:4",
    faulty: {
      "app/api/devices/route.ts": `import { auth, routeHandler } from "@/lib/auth"

export const GET = routeHandler(async (request) => {
  return Response.json(await auth.getUserSessions(new URL(request.url).searchParams.get("user")!))
})
`,
    },
    cured: {
      "app/api/devices/route.ts": `import { auth, isAdmin, routeHandler } from "@/lib/auth"

export const GET = routeHandler(async (request) => {
  return Response.json(await auth.getUserSessions(new URL(request.url).searchParams.get("user")!))
}, { authorize: isAdmin })
`,
    },
  },
  {
    rule: "foreign-session",
    at: "app/actions.ts:5",
    faulty: {
      "app/actions.ts": `"use server"
import { auth, serverAction } from "@/lib/auth"

export const endDevice = serverAction(async (_member, form: FormData) => {
  await auth.invalidateSession(form.get("session") as string)
})
`,
    },
    cured: {
      "app/actions.ts": `"use server"
import { auth, serverAction } from "@/lib/auth"

export const endDevice = serverAction(async ({ user }, form: FormData) => {
  await auth.invalidateSession(form.get("session") as string, { userId: user.id })
})
`,
    },
  },
  {
    rule: "mass-assignment",
    at: "app.ts:8",
    faulty: {
      "app.ts": hono(`app.post("/sign-up", async (c) => {
  const body = await c.req.json()
  await users.createUser({ key: null, attributes: { ...body } })
  return c.body(null, 204)
})
`),
    },
    cured: {
      "app.ts": hono(`app.post("/sign-up", async (c) => {
  const body = await c.req.json()
  await users.createUser({ key: null, attributes: { username: body.username } })
  return c.body(null, 204)
})
`),
    },
  },
  {
    rule: "mass-assignment",
    at: "app/actions.ts:5",
    faulty: {
      "app/actions.ts": `"use server"
import { serverAction, users } from "@/lib/auth"

export const signUp = serverAction(async (_visitor, form: FormData) => {
  await users.createUser({ key: null, attributes: { username: "ada", role: form.get("role") } })
}, { public: true })
`,
    },
    cured: {
      "app/actions.ts": `"use server"
import { serverAction, users } from "@/lib/auth"

export const signUp = serverAction(async (_visitor, form: FormData) => {
  await users.createUser({ key: null, attributes: { username: form.get("username"), role: "member" } })
}, { public: true })
`,
    },
  },
  {
    rule: "get-changes-state",
    at: "app/sign-out/route.ts:4",
    faulty: {
      "app/sign-out/route.ts": `import { routeHandler, signOut } from "@/lib/auth"

export const GET = routeHandler(async () => {
  await signOut()
  return new Response(null, { status: 303, headers: { Location: "/" } })
})
`,
    },
    cured: {
      "app/sign-out/route.ts": `import { routeHandler, signOut } from "@/lib/auth"

export const GET = routeHandler(async () => new Response("Press the button"))

export const POST = routeHandler(async () => {
  await signOut()
  return new Response(null, { status: 303, headers: { Location: "/" } })
})
`,
    },
  },
  {
    rule: "get-changes-state",
    at: "app.ts:7",
    faulty: {
      "app.ts": hono(`app.get("/sign-out", async (c) => {
  await c.var.auth.signOut()
  return c.redirect("/")
})
`),
    },
    cured: {
      "app.ts": hono(`app.get("/sign-out", (c) => c.html("<form method='post'><button>Sign out</button></form>"))
app.post("/sign-out", async (c) => {
  await c.var.auth.signOut()
  return c.redirect("/")
})
`),
    },
  },
  {
    rule: "insecure-cookie",
    at: "lib/auth.ts:11",
    faulty: { "lib/auth.ts": options("\n  cookie: { secure: false },\n ") },
    cured: { "lib/auth.ts": options(`\n  cookie: { secure: process.env.NODE_ENV === "production" },\n `) },
  },
  {
    rule: "same-site-none",
    at: "lib/auth.ts:10",
    faulty: { "lib/auth.ts": options(`cookie: { sameSite: "none", secure: true },`) },
    cured: {
      "lib/auth.ts": options(`trustedOrigins: ["https://app.example"], cookie: { sameSite: "none", secure: true },`),
    },
  },
  {
    rule: "hand-read-cookie",
    at: "lib/current.ts:6",
    faulty: {
      "lib/current.ts": `import { cookies } from "next/headers"
import { auth } from "./auth"

export async function current() {
  const cookieStore = await cookies()
  const token = cookieStore.get("__Host-session")?.value
  const { user } = await auth.validateSession(token)
  return user
}
`,
    },
    cured: {
      "lib/current.ts": `import { cookies } from "next/headers"
import { getSession } from "./auth"

export async function current() {
  const theme = (await cookies()).get("theme")?.value
  return { theme, session: await getSession() }
}
`,
    },
  },
  {
    rule: "hand-written-cookie",
    at: "app/actions.ts:9",
    faulty: {
      "app/actions.ts": `"use server"
import { cookies } from "next/headers"
import { auth, serverAction, users } from "@/lib/auth"

export const enter = serverAction(async (_visitor, providerUserId: string, password: string) => {
  await throttle.consume({ account: providerUserId })
  const signedIn = await users.signInWithPassword(auth, { providerId: "username", providerUserId, password })
  const jar = await cookies()
  if (signedIn) (await cookies()).set("sid", signedIn.token, { httpOnly: true })
}, { public: true })
`.replace("  const jar = await cookies()\n", "\n"),
    },
    cured: {
      "app/actions.ts": `"use server"
import { auth, serverAction, setSession, users } from "@/lib/auth"

export const enter = serverAction(async (_visitor, providerUserId: string, password: string) => {
  await throttle.consume({ account: providerUserId })
  const signedIn = await users.signInWithPassword(auth, { providerId: "username", providerUserId, password })
  if (signedIn) await setSession(signedIn.token)
}, { public: true })
`,
    },
  },
  {
    rule: "no-origin-check",
    at: "lib/socket.ts:4",
    faulty: {
      "lib/socket.ts": `import { auth } from "./auth"

export async function isWelcome(request: Request) {
  const { user } = await auth.validateSession(auth.readSessionCookie(request.headers.get("Cookie")))
  return user !== null
}
`,
    },
    cured: {
      "lib/socket.ts": `import { verifyRequestOrigin } from "nightlatch"
import { auth } from "./auth"

export async function isWelcome(request: Request) {
  if (!verifyRequestOrigin(request)) return false
  const { user } = await auth.validateSession(auth.readSessionCookie(request.headers.get("Cookie")))
  return user !== null
}
`,
    },
  },
  {
    rule: "cors-any-origin",
    at: "app.ts:7",
    faulty: {
      "app.ts": hono(
        `import { cors } from "hono/cors"\napp.use(cors({ credentials: true, origin: (origin) => origin }))\n`,
      ),
    },
    cured: {
      "app.ts": hono(
        `import { cors } from "hono/cors"\napp.use(cors({ credentials: true, origin: "https://app.example" }))\n`,
      ),
    },
  },
  {
    rule: "cors-any-origin",
    at: "app/api/me/route.ts:3",
    faulty: {
      "app/api/me/route.ts": `import { routeHandler } from "@/lib/auth"
const headers = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Credentials": "true",
}
export const GET = routeHandler(async (_request, { user }) => Response.json(user, { headers }))
`,
    },
    cured: {
      "app/api/me/route.ts": `import { routeHandler } from "@/lib/auth"
const headers = { "Access-Control-Allow-Origin": "*" }
export const GET = routeHandler(async () => Response.json("public", { headers }), { public: true })
`,
    },
  },
  {
    rule: "trusted-origins",
    at: "lib/auth.ts:10",
    faulty: { "lib/auth.ts": options(`trustedOrigins: ["https://*.example.com"],`) },
    cured: { "lib/auth.ts": options(`trustedOrigins: ["https://app.example.com", "http://localhost:5173"],`) },
  },
  {
    rule: "trusted-origins",
    at: "lib/auth.ts:10",
    faulty: { "lib/auth.ts": options(`trustedOrigins: ["http://app.example.com"],`) },
    cured: { "lib/auth.ts": options(`trustedOrigins: ["https://app.example.com"],`) },
  },
  {
    rule: "open-cross-origin",
    at: "server.ts:6",
    faulty: {
      "server.ts": `import express from "express"
import { createNodeAuth } from "nightlatch/node"
import { auth } from "./lib/auth"
const app = express()
const { middleware } = createNodeAuth(auth)
app.use(middleware({ allowCrossOrigin: true }))
`,
    },
    cured: {
      "server.ts": `import express from "express"
import { createNodeAuth } from "nightlatch/node"
import { auth } from "./lib/auth"
const app = express()
const { middleware } = createNodeAuth(auth)
app.use("/callback/apple", middleware({ allowCrossOrigin: true }))
app.use(middleware())
`,
    },
  },
  {
    rule: "secret-logged",
    at: "app.ts:8",
    faulty: {
      "app.ts": hono(`app.post("/sign-in", async (c) => {
  const { username, password } = await c.req.parseBody()
  console.log("sign-in", { username, password })
  return c.body(null, 204)
})
`),
    },
    cured: {
      "app.ts": hono(`app.post("/sign-in", async (c) => {
  const { username, password } = await c.req.parseBody()
  console.log("sign-in", { username, password: "hidden", long: password.length > 20 }, check(password))
  return c.body(null, 204)
})
`),
    },
  },
  {
    rule: "secret-logged",
    at: "lib/log.ts:2",
    faulty: {
      "lib/log.ts": `export function log(request: Request) {\n  console.info(request.headers.get("cookie"))\n}\n`,
    },
    cured: {
      "lib/log.ts": `export function log(request: Request) {\n  console.info(request.headers.has("cookie"))\n}\n`,
    },
  },
  {
    rule: "token-logged",
    at: "lib/enter.ts:5",
    faulty: {
      "lib/enter.ts": `import { auth } from "./auth"

export async function enter(id: string) {
  const made = await auth.createSession(id)
  console.log(\`new session \${made.token}\`)
  return made
}
`,
    },
    cured: {
      "lib/enter.ts": `import { auth } from "./auth"

export async function enter(id: string) {
  const made = await auth.createSession(id)
  console.log(\`new session \${made.session.id}\`)
  return made
}
`,
    },
  },
  {
    rule: "token-in-url",
    at: "app.ts:8",
    faulty: {
      "app.ts": hono(`app.post("/app-sign-in", async (c) => {
  const { token } = await auth.createSession("user-1")
  return c.redirect(\`myapp://signed-in?token=\${token}\`)
})
`),
    },
    cured: {
      "app.ts": hono(`app.post("/app-sign-in", async (c) => {
  const { token } = await auth.createSession("user-1")
  return c.json({ token })
})
`),
    },
  },
  {
    rule: "token-in-storage",
    at: "app/menu.tsx:4",
    faulty: {
      "app/menu.tsx": `"use client"

export function keep(answer: { token: string }) {
  localStorage.setItem("sessionToken", answer.token)
}
`,
    },
    cured: {
      "app/menu.tsx": `"use client"

export function keep(answer: { theme: string }) {
  localStorage.setItem("theme", answer.theme)
}
`,
    },
  },
  {
    rule: "secret-in-source",
    at: "lib/sealed.ts:3",
    faulty: { "lib/sealed.ts": stateless(`["6wzgpyJdXcV0ma8dCSUB2xYS8fzKGvOq"]`) },
    cured: { "lib/sealed.ts": stateless(`[process.env.SESSION_SECRET ?? ""]`) },
  },
  {
    rule: "secret-in-source",
    at: "lib/sealed.ts:3",
    faulty: { "lib/sealed.ts": stateless(`[process.env.SESSION_SECRET ?? "only-for-development-0123456789ab"]`) },
    cured: { "lib/sealed.ts": stateless(`[process.env.SESSION_SECRET]`) },
  },
  {
    rule: "secret-in-source",
    at: ["lib/factors.ts:5", "lib/factors.ts:6"],
    faulty: { "lib/factors.ts": factors(`["6wzgpyJdXcV0ma8dCSUB2xYS8fzKGvOq"]`) },
    cured: { "lib/factors.ts": factors(`[process.env.SESSION_SECRET]`) },
  },
  {
    rule: "secret-in-source",
    at: "lib/auth.ts:12",
    faulty: {
      "lib/auth.ts": bound().replace("secrets,", `secrets: ["6wzgpyJdXcV0ma8dCSUB2xYS8fzKGvOq"],`),
      "app/auth/device/route.ts": deviceRoute(),
    },
    cured: {
      "lib/auth.ts": bound().replace("secrets,", `secrets: [process.env.SESSION_SECRET],`),
      "app/auth/device/route.ts": deviceRoute(),
    },
  },
  {
    rule: "env-committed",
    at: ".env:2",
    faulty: { ".gitignore": "node_modules\n", ".env": "PORT=3000\nSESSION_SECRET=6wzgpyJdXcV0ma8dCSUB2xYS8fzKGvOq\n" },
    cured: {
      ".gitignore": "node_modules\n.env*\n",
      ".env": "PORT=3000\nSESSION_SECRET=6wzgpyJdXcV0ma8dCSUB2xYS8fzKGvOq\n",
    },
  },
  {
    rule: "password-compared",
    at: "lib/check.ts:2",
    faulty: {
      "lib/check.ts": `export function check(user: { password: string }, password: string) {\n  return user.password === password\n}\n`,
    },
    cured: {
      "lib/check.ts": `import { users } from "./auth"
export function check(form: { password: string; confirm: string }) {
  return form.password === form.confirm && users.verifyPassword
}
`,
    },
  },
  {
    rule: "fast-password-hash",
    at: "lib/hash.ts:2",
    faulty: {
      "lib/hash.ts": `import { createHash } from "node:crypto"\nexport const hash = (password: string) => createHash("sha256").update(password).digest("hex")\n`,
    },
    cured: {
      "lib/hash.ts": `import { createHash } from "node:crypto"\nexport const etag = (page: string) => createHash("sha256").update(page).digest("hex")\n`,
    },
  },
  {
    rule: "own-hashing",
    at: "lib/hash.ts:2",
    faulty: {
      "lib/hash.ts": `import bcrypt from "bcryptjs"\nexport const hash = (password: string) => bcrypt.hash(password, 12)\n`,
    },
    cured: {
      "lib/hash.ts": `import bcryptjs from "bcryptjs"
import { argon2id, bcrypt, passwordHasher } from "nightlatch/password"
export const hasher = passwordHasher({ preferred: argon2id(), accepted: [bcrypt(bcryptjs)] })
`,
    },
  },
  {
    rule: "whole-row",
    at: "lib/auth.ts:10",
    faulty: { "lib/auth.ts": auth.replace("({ username }) => ({ username })", "(row) => ({ ...row })") },
    cured: { "lib/auth.ts": auth.replace("({ username }) => ({ username })", "(row) => ({ username: row.username })") },
  },
  {
    rule: "exposed-password",
    at: "lib/auth.ts:10",
    faulty: {
      "lib/auth.ts": auth.replace(
        "({ username }) => ({ username })",
        "({ username, passwordHash }) => ({ username, passwordHash })",
      ),
    },
    cured: {
      "lib/auth.ts": auth.replace(
        "({ username }) => ({ username })",
        "({ username, passwordHash }) => ({ username, hasPassword: !!passwordHash })",
      ),
    },
  },
  {
    rule: "auth-in-handler",
    at: "app/api/me/route.ts:4",
    faulty: {
      "app/api/me/route.ts": `import { auth } from "@/lib/auth"
import { createWebAuth } from "nightlatch/web"
export async function GET(request: Request) {
  const signedIn = await createWebAuth(auth).handleRequest(request).validate()
  return Response.json(signedIn?.user ?? null)
}
`,
    },
    cured: {
      "app/api/me/route.ts": `import { auth } from "@/lib/auth"
import { createWebAuth } from "nightlatch/web"
const { handleRequest } = createWebAuth(auth)
export async function GET(request: Request) {
  const signedIn = await handleRequest(request).validate()
  return Response.json(signedIn?.user ?? null)
}
`,
      "worker.ts": `import { createAuth } from "nightlatch"
import { d1Adapter } from "nightlatch/adapters/d1"
import { Hono } from "hono"
const app = new Hono<{ Bindings: { DB: D1Database } }>()
app.get("/", (c) => c.json(createAuth({ adapter: d1Adapter(c.env.DB) }).sessionCookieName))
`,
    },
  },
  {
    rule: "memory-adapter",
    at: "lib/auth.ts:8",
    faulty: {
      "lib/auth.ts": auth
        .replace(/nodeSqliteAdapter<.*>\(db\)/, "memoryAdapter()")
        .replace(
          '{ nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"',
          '{ memoryAdapter } from "nightlatch/adapters/memory"',
        ),
    },
    cured: {
      "test/auth.ts": `import { memoryAdapter } from "nightlatch/adapters/memory"\nexport const adapter = memoryAdapter()\n`,
    },
  },
  {
    rule: "node-response",
    at: "server.ts:5",
    faulty: {
      "server.ts": `import { createServer } from "node:http"
import { createNodeAuth } from "nightlatch/node"
import { auth } from "./lib/auth"
const { handler } = createNodeAuth(auth)
createServer(handler(async (_req, _res, { validate }) => Response.json(await validate()))).listen(0)
`,
    },
    cured: {
      "server.ts": `import { createServer } from "node:http"
import { createNodeAuth } from "nightlatch/node"
import { auth } from "./lib/auth"
const { handler } = createNodeAuth(auth)
createServer(handler(async (_req, res, { validate }) => res.end(JSON.stringify(await validate())))).listen(0)
`,
    },
  },
  {
    rule: "no-clean-up",
    at: "lib/auth.ts:10",
    faulty: { "lib/clean-up.ts": "" },
    cured: {},
  },
  {
    rule: "lucia-left",
    at: "lib/ids.ts:1",
    faulty: { "lib/ids.ts": `import { generateId } from "lucia"\nexport const id = () => generateId(15)\n` },
    cured: { "lib/ids.ts": `import { generateId } from "nightlatch/lucia"\nexport const id = () => generateId(15)\n` },
  },
  {
    rule: "missing-session-index",
    at: "prisma/schema.prisma:5",
    faulty: { "prisma/schema.prisma": sessionModel("\n  @@index([userId])\n") },
    cured: { "prisma/schema.prisma": sessionModel("\n  @@index([userId])\n  @@index([expiresAt])\n") },
  },
  {
    rule: "missing-session-index",
    at: "lib/schema.ts:2",
    faulty: { "lib/schema.ts": table("") },
    cured: {
      "lib/schema.ts": table(
        '\n  (table) => [index("session_user").on(table.userId), index("session_end").on(table.expiresAt)],',
      ),
    },
  },
  {
    rule: "missing-session-index",
    at: "migrations/1.sql:3",
    faulty: {
      "migrations/1.sql": `CREATE TABLE "user" (id TEXT PRIMARY KEY);

CREATE TABLE IF NOT EXISTS "session" (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  FOREIGN KEY (user_id) REFERENCES "user" (id)
);
`,
    },
    cured: {
      "migrations/1.sql": `CREATE TABLE "session" (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
`,
      "migrations/2.sql": `CREATE INDEX session_user ON "session" (user_id);\nCREATE INDEX session_end ON session USING btree (expires_at);\n`,
    },
  },
  {
    rule: "two-copies",
    at: "package-lock.json:6",
    faulty: { "package-lock.json": lock("0.0.9") },
    cured: { "package-lock.json": lock("0.1.0") },
  },
  {
    rule: "two-copies",
    at: "node_modules/ui/node_modules/nightlatch/package.json:1",
    faulty: {
      "node_modules/nightlatch/package.json": `{ "name": "nightlatch" }`,
      "node_modules/ui/node_modules/nightlatch/package.json": `{ "name": "nightlatch" }`,
    },
    cured: { "node_modules/nightlatch/package.json": `{ "name": "nightlatch" }` },
  },
  {
    rule: "old-node",
    at: ["Dockerfile:2", ".nvmrc:1"],
    faulty: { Dockerfile: "# The server\nFROM node:18-alpine AS build\n", ".nvmrc": "v20.5.1\n" },
    cured: { Dockerfile: "# The server\nFROM node:24-alpine AS build\n", ".nvmrc": "22\n" },
  },
  {
    rule: "old-node",
    at: "package.json:4",
    faulty: { "package.json": manifest({ engines: { node: "^18 || >=22.13" } }) },
    cured: { "package.json": manifest({ engines: { node: "^22.13 || >=24" } }) },
  },
  {
    rule: "missing-dependency",
    at: ["lib/auth.ts:9", "app.ts:2"],
    faulty: {
      "package.json": manifest({ engines: {}, dependencies: { nightlatch: "^0.1.0", next: "16.0.0" } }),
      "app.ts": hono(""),
    },
    cured: { "app.ts": hono("") },
  },
  {
    rule: "cached-session",
    at: "lib/data.ts:5",
    faulty: {
      "lib/data.ts": `import { getSession } from "./auth"

export const profile = async (): Promise<string | undefined> => {
  "use cache"
  return (await getSession())?.user.username
}
`,
    },
    cured: {
      "lib/data.ts": `import { getSession } from "./auth"

export const profile = async (): Promise<string | undefined> => {
  return (await getSession())?.user.username
}
`,
    },
  },
  {
    rule: "missing-await",
    at: "whole.ts:5",
    faulty: {
      "whole.ts": `import { createAuth } from "nightlatch"
import { adapter } from "./lib/db"
const auth = createAuth({ adapter })
export const name = (token: string) => {
  const { user } = auth.validateSession(token)
  return user
}
`,
    },
    cured: {
      "whole.ts": `import { createAuth } from "nightlatch"
import { adapter } from "./lib/db"
const auth = createAuth({ adapter })
export const name = async (token: string) => {
  const { user } = await auth.validateSession(token)
  return user
}
`,
    },
  },
  {
    rule: "layout-only",
    at: "app/orders/page.tsx:2",
    faulty: {
      "proxy.ts": proxy(`["/"]`),
      "app/layout.tsx": `import { protectedPage } from "@/lib/auth"
export default protectedPage<{ children: unknown }>((_, { children }) => children)
`,
      "app/orders/page.tsx": `import { db } from "@/lib/db"
export default async function Page() {
  return await db.prepare("SELECT 1").get()
}
`,
    },
    cured: {
      "proxy.ts": proxy(`["/"]`),
      "lib/index.ts": `export { currentUser } from "./current-user"\n`,
      "lib/current-user.ts": `import { verifySession } from "./auth"
export const currentUser = async () => (await verifySession()).user
`,
      "app/@modal/orders/page.tsx": `export default async function Page() {\n  return "a slot"\n}\n`,
      "app/orders/page.tsx": `import { currentUser } from "@/lib"
export default async function Page() {
  return (await currentUser()).id
}
`,
    },
  },
  {
    rule: "missing-session-index",
    at: "lib/tables.ts:1",
    faulty: {
      "lib/tables.ts": `export const tables = ["CREATE TABLE session (id TEXT, user_id TEXT, expires_at INTEGER, FOREIGN KEY (user_id) REFERENCES user (id))"]\n`,
    },
    cured: {
      "lib/tables.ts": `export const tables = [
  "CREATE TABLE session (id TEXT, user_id TEXT, expires_at INTEGER)",
  "CREATE INDEX session_user ON session (user_id)",
]
`,
    },
  },
  {
    rule: "unlimited-sign-in",
    at: "app/actions.ts:6",
    faulty: {
      "app/actions.ts": `"use server"
import { auth, serverAction, setSession, users } from "@/lib/auth"

export const signInByForm = serverAction(async (_, form: FormData) => {
  const attempt = { providerId: "username", providerUserId: form.get("username"), password: form.get("password") }
  const signedIn = await users.signInWithPassword(auth, attempt)
  if (signedIn) await setSession(signedIn.token)
}, { public: true })
`,
    },
    cured: {
      "app/actions.ts": `"use server"
import { auth, serverAction, setSession, users } from "@/lib/auth"
import { throttle } from "@/lib/throttle"

export const signInByForm = serverAction(async (_, form: FormData) => {
  const attempt = { providerId: "username", providerUserId: form.get("username"), password: form.get("password") }
  const { allowed } = await throttle.consume({ account: String(form.get("username")) })
  const signedIn = allowed ? await users.signInWithPassword(auth, attempt) : null
  if (signedIn) await setSession(signedIn.token)
}, { public: true })
`,
    },
  },
  {
    rule: "bypassed-sign-in",
    at: ["lib/door.ts:7", "lib/door.ts:8"],
    faulty: {
      "lib/door.ts": door(`export async function signInById(id: string) {
  const { token } = await auth.createSession(id)
  await signIn(id)
  return token
}
`),
    },
    cured: {
      "lib/door.ts": door(`export async function signInByProof(proof: Proof) {
  const { token } = await door.beginSignIn(proof)
  await setSession(token)
  return token
}
`),
    },
  },
  {
    rule: "bypassed-sign-in",
    at: "app.ts:6",
    faulty: {
      "lib/door.ts": door(""),
      "app.ts": hono(`app.post("/link", (c) => c.var.auth.signIn("1"))\n`),
    },
    cured: {
      "lib/door.ts": door(""),
      "app.ts": hono(`app.post("/link", (c) => c.var.auth.setSession(c.req.query("token")))\n`),
    },
  },
  {
    rule: "bypassed-sign-in",
    at: "lib/by-password.ts:6",
    faulty: {
      "lib/door.ts": door(""),
      "lib/by-password.ts": `import { auth, users } from "./auth"
import { door } from "./door"
import { throttle } from "./throttle"
export async function byPassword(attempt: Attempt) {
  await throttle.consume({ account: attempt.providerUserId })
  return users.signInWithPassword(auth, attempt)
}
`,
    },
    cured: {
      "lib/door.ts": door(""),
      "lib/by-password.ts": `import { auth, users } from "./auth"
import { door } from "./door"
import { throttle } from "./throttle"
export async function byPassword(attempt: Attempt) {
  await throttle.consume({ account: attempt.providerUserId })
  return users.signInWithPassword(door, attempt)
}
`,
    },
  },
  {
    rule: "unfinished-oauth",
    at: "app/google.ts:3",
    faulty: {
      "lib/oauth.ts": oauth,
      "app/google.ts": `import { oauth } from "@/lib/oauth"
export async function toGoogle(flow: Flow) {
  return oauth.beginOAuth(flow, { providerId: "google", intent: "sign_in" })
}
`,
    },
    cured: {
      "lib/oauth.ts": oauth,
      "app/google.ts": `import { oauth } from "@/lib/oauth"
export async function toGoogle(flow: Flow) {
  return oauth.beginOAuth(flow, { providerId: "google", intent: "sign_in" })
}
export async function fromGoogle(flow: Flow, callback: URL) {
  return oauth.finishOAuth(flow, { providerId: "google", callback })
}
`,
    },
  },
  ...[
    [`rpId: "https://example.com", origins: ["https://example.com"]`, "a scheme"],
    [`rpId: "com", origins: ["https://example.com"]`, "a top-level domain"],
    [`rpId: "127.0.0.1", origins: ["http://127.0.0.1:3000"]`, "an address"],
    [`rpId: "www.example.com", origins: ["https://www.example.com", "https://example.com"]`, "the domain above"],
    [`rpId: "example.com", origins: ["https://badexample.com"]`, "a name that ends alike"],
    [`rpId: "example.com", origins: ["https://example.com/"]`, "a path"],
    [`rpId: "example.com", origins: ["http://example.com"]`, "plain HTTP"],
  ].map(([site = ""]) => ({
    rule: "passkey-origins",
    at: "lib/passkeys.ts:7",
    faulty: { "lib/passkeys.ts": passkeys(site) },
    cured: {
      "lib/passkeys.ts": passkeys(
        `rpId: "example.com", origins: ["https://example.com", "https://app.example.com:8443"]`,
      ),
    },
  })),
  {
    rule: "device-wrapper",
    at: "lib/auth.ts:14",
    faulty: { "lib/auth.ts": bound("", ""), "app/auth/device/route.ts": deviceRoute() },
    cured: { "lib/auth.ts": bound(), "app/auth/device/route.ts": deviceRoute() },
  },
  {
    rule: "device-wrapper",
    at: "socket.ts:3",
    faulty: { "lib/auth.ts": bound(), "app/auth/device/route.ts": deviceRoute(), "socket.ts": socket("") },
    cured: { "lib/auth.ts": bound(), "app/auth/device/route.ts": deviceRoute(), "socket.ts": socket(", { device }") },
  },
  ...deviceRoutes.map(({ path, faulty, cured }) => {
    const files = { "lib/auth.ts": bound(path && `, path: "${path}"`) }
    return {
      rule: "device-route",
      at: "lib/auth.ts:12",
      faulty: { ...files, ...faulty },
      cured: { ...files, ...cured },
    }
  }),
  {
    rule: "device-proxy",
    at: "proxy.ts:2",
    faulty: {
      "lib/auth.ts": bound(),
      "app/auth/device/route.ts": deviceRoute(),
      "app/actions.ts": action,
      "proxy.ts": proxy(`["/"]`),
    },
    cured: {
      "lib/auth.ts": bound(),
      "app/auth/device/route.ts": deviceRoute(),
      "app/actions.ts": action,
      "proxy.ts": proxy(`["/"], device: { path: "/auth/device" }`),
    },
  },
]
