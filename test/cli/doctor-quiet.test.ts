import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { examine } from "../../src/cli/doctor/examine.ts"
import { createProject } from "../../src/cli/doctor/project.ts"
import { base, faults } from "./doctor/faults.ts"
import type { Files } from "./doctor/faults.ts"

const requiredNode = ">=20.9"
const findingsIn = (files: Files) => examine(createProject(new Map(Object.entries(files)), { requiredNode }))
const start = `import { auth, users, getSession, verifySession, signOut, routeHandler, serverAction } from "@/lib/auth"\n`

// Code that looks like a fault and is none.
test.each([
  ["a mailer without TLS", `createTransport({ host: "mail", secure: false })`],
  ["a cookie of the application's own", `jar.set("theme", value, { secure: false })`],
  [
    "a session that is handed on as a promise",
    `export const promise = getSession()\nexport const both = Promise.all([getSession(), load()])`,
  ],
  ["a promise that is returned", `export function current() {\n  return getSession()\n}`],
  ["a promise with then", `getSession().then((session) => session?.user)`],
  [
    "a session of another library",
    `import { getSession } from "next-auth/react"\nconst session = getSession()\nif (!session) throw new Error()`,
  ],
  [
    "a method that is declared",
    `class Sessions {\n  signOut() {}\n  getSession(): string { return "" }\n}\ninterface A { signOut(): void; verifySession(): void }`,
  ],
  ["a void call on purpose", `void auth.invalidateUserSessions("1").catch(console.error)`],
  [
    "a session that TypeScript knows of",
    `export async function f() {\n  const session = await getSession()\n  return session?.user\n}`,
  ],
  [
    "a catch that throws again",
    `export async function f() {\n  try { await verifySession() } catch (error) { unstable_rethrow(error) }\n}`,
  ],
  ["a redirect to a page of the site", `redirect(\`/search?q=\${encodeURIComponent(searchParams.get("q"))}\`)`],
  [
    "a redirect after a check of one's own",
    `export function f(form) {\n  const next = form.get("next")\n  return redirect(isOwnPath(next) ? next : "/")\n}`,
  ],
  ["a redirect to one of a list", `export const f = (form) => redirect(pages[form.get("page")] ?? "/")`],
  [
    "a user id that is the session's",
    `export const f = async (form) => {\n  const userId = form.get("user")\n  const { user } = await verifySession()\n  if (userId !== user.id) return\n  await auth.invalidateUserSessions(userId)\n}`,
  ],
  ["a map that has a get", `export const f = (params) => cache.get("user") ?? redirect(cache.get("next"))`],
  ["a confirmed password", `if (password !== confirmPassword || form.password === form.repeat) fail()`],
  ["a missing password", `if (user.passwordHash === null || body.password === undefined) fail()`],
  [
    "a log of what is wrong with a password",
    `console.warn("password_too_short", errors.password?.length, await checkPassword(password))`,
  ],
  [
    "a token for another purpose",
    `const token = createResetToken()\nconst link = \`https://example.com/reset?token=\${token}\``,
  ],
  ["a hash of a token", `createHash("sha256").update(token).digest()`],
  ["CORS for anyone without credentials", `app.use(cors({ origin: "*" }))`],
  [
    "an HTTP origin for development",
    `createAuth({ adapter, trustedOrigins: isDevelopment ? ["http://app.test"] : [], getUserAttributes: ({ id }) => ({ id }) })`,
  ],
  ["a text about Lucia", `export const text = 'imports from "lucia"'`],
  ["a regular expression with quotes", `const quote = /["'\`]/g\nconst f = (text) => text.replace(/\\/\\*/, "")`],
  [
    "a row that is named",
    `createAuth({ adapter, getUserAttributes: (row) => ({ id: row.id }), getSessionAttributes: (row) => row })`,
  ],
  ["a Map's set", `const seen = new Map()\nseen.set("session", 1)\nseen.get("session")`],
  [
    "a route that reads",
    `app.get("/devices", async (c) => c.json(await auth.getUserSessions((await c.var.auth.validate())?.user.id)))`,
  ],
  [
    "a sign-in by GET, as OAuth has it",
    `export const GET = routeHandler(async () => {\n  await signIn("1")\n  return Response.json(1)\n}, { public: true })`,
  ],
  [
    "a page that is looked up first",
    `export const f = (form) => {\n  const page = form.get("page")\n  if (pages[page]) redirect(page)\n}`,
  ],
  ["a token of something else", `const { token } = await csrf.create()\nconsole.log(token)`],
  [
    "what a session token is checked for",
    `const made = await auth.createSession("1")\nconsole.log(await auth.validateSession(made.token), (await check(made.token)).id)`,
  ],
  ["a form's own password", `if (data.password !== password) fail()`],
  [
    "a sign-in behind another rate limiter",
    `import rateLimit from "express-rate-limit"\napp.use(rateLimit())\nusers.signInWithPassword(auth, attempt)`,
  ],
  [
    "a method of another object",
    `firebase.signInWithPassword(email, password)\nsupabase.auth.signInWithPassword({ email, password })\nverifyPassword(hash)`,
  ],
  ["a session that is made where no door is", `export const f = async () => auth.createSession("1")`],
  [
    "a session of a second auth next to a door",
    `import { createSignIn } from "nightlatch/sign-in"
const staff = createAuth({ adapter, getUserAttributes: ({ id }) => ({ id }) })
export const door = createSignIn({ auth, users, tokens, factors: [] })
export const f = async () => staff.createSession("1")`,
  ],
  [
    "a sign-in of another library next to a door",
    `import { createSignIn } from "nightlatch/sign-in"
export const door = createSignIn({ auth, users, tokens, factors: [] })
clerk.signIn("1")
stripe.checkout.createSession("1")`,
  ],
  [
    "OAuth whose callback is finished without cookies",
    `import { createOAuth } from "nightlatch/oauth"
const { startOAuth, completeOAuth } = createOAuth({ providers, users, tokens, auth })
startOAuth({ providerId: "google", intent: "sign_in" })
export const callback = completeOAuth`,
  ],
  ["beginOAuth() of another library", `other.beginOAuth()`],
  [
    "passkeys of a site that the environment names, of an app, and of this computer",
    `import { createPasskeys } from "nightlatch/passkeys"
createPasskeys({ adapter, rpId: process.env.RP_ID, origins: ["https://example.com/"] })
createPasskeys({ adapter, rpId: "example.com", origins: [process.env.ORIGIN] })
createPasskeys({ adapter, rpId: "example.com", origins: ["android:apk-key-hash:x", "https://a.example.com"] })
createPasskeys({ adapter, rpId: "localhost", origins: ["http://localhost:3000"] })`,
  ],
  [
    "a factory of auths",
    `export function makeAuth(adapter) {\n  return createAuth({ adapter, getUserAttributes: ({ id }) => ({ id }) })\n}`,
  ],
])("%s is no fault", (_, code) => {
  expect(findingsIn({ ...base, "lib/case.ts": start + code })).toEqual([])
})

// Binds sessions, in an application of Next.js unless another wrapper serves them.
const device = (options = "") => `import { createDeviceBinding } from "nightlatch/device"
export const device = createDeviceBinding({ auth, secrets: [process.env.SECRET], mode: "observe"${options} })`
const next = `export { getSession } from "nightlatch/next"`
const plain = `import { createAuth } from "nightlatch"\nexport const auth = createAuth({ adapter })\n`
const route = `export const POST = device.handler`

test.each<[string, Files]>([
  ["a wrapper that gets its options from elsewhere", { "lib/web.ts": `createWebAuth(auth, options)` }],
  ["a wrapper with options that are spread", { "lib/web.ts": `createWebAuth(auth, { ...options })` }],
  ["a binding without a wrapper, in a package of a workspace", {}],
  [
    "a wrapper of another auth",
    { "lib/web.ts": `createWebAuth(auth, { device })`, "lib/staff.ts": `${plain}createWebAuth(auth)` },
  ],
  [
    "a device of another library",
    { "lib/device.ts": `import { createDeviceBinding } from "./own"\ncreateDeviceBinding({})\ncreateWebAuth(auth)` },
  ],
  ["a path that is not seen", { "lib/next.ts": next, "lib/device.ts": device(", path: process.env.DEVICE_PATH") }],
  ["options of a binding that are spread", { "lib/next.ts": next, "lib/device.ts": device(", ...options") }],
  [
    "a route below a dynamic folder",
    { "lib/next.ts": next, "apps/web/src/app/(site)/[...all]/route.ts": `export * from "./all"` },
  ],
  ["a route of the App Router with a root", { "lib/next.ts": next, "app/auth/[kind]/route.js": route }],
  [
    "an optional catch-all route of the Pages Router",
    {
      "lib/next.ts": next,
      "lib/device.ts": device(', path: "/api/device"'),
      "pages/api/device/[[...kind]].ts": "export default deviceRoute",
    },
  ],
  [
    "a path that the configuration leads elsewhere",
    { "lib/next.ts": next, "next.config.ts": `export default { basePath: "/app" }` },
  ],
  ["a server of its own that answers", { "lib/next.ts": next, "server.ts": `createNodeAuth(auth, { device })` }],
  [
    "a proxy of an application without Server Actions",
    {
      "lib/next.ts": `${next}\ncreateNextAuth(auth, { device })`,
      "app/auth/device/route.ts": route,
      "proxy.ts": `createAuthProxy({ publicPaths: ["/"] })`,
    },
  ],
  [
    "a proxy with options from elsewhere",
    {
      "app/actions.ts": `"use server"`,
      "proxy.ts": `createAuthProxy(options)\ncreateAuthProxy({ publicPaths: ["/"], ...options })`,
    },
  ],
])("of sessions that are bound, %s is no fault", (_, files) => {
  const { "package.json": manifest = "", "lib/clean-up.ts": cleanUp = "" } = base
  const others = { "lib/auth.ts": plain, "lib/device.ts": device(), ...files }
  expect(findingsIn({ "package.json": manifest, "lib/clean-up.ts": cleanUp, ...others })).toEqual([])
})

test("argon2id() needs no package where Node.js has argon2", () => {
  const dependencies = { nightlatch: "^0.1.0", next: "16.0.0" }
  const at = (node: string) =>
    findingsIn({ ...base, "package.json": JSON.stringify({ dependencies, engines: { node } }) })
  expect(at(">=24.19")).toEqual([])
  expect(at(">=24").map(({ rule }) => rule)).toEqual(["missing-dependency"])
})

test.each([
  "DATABASE_URL=postgres://localhost:5432/app",
  "NEXT_PUBLIC_MAP_TOKEN=pk-0123456789",
  "SESSION_SECRET=your-secret-here",
  "SESSION_SECRET=",
  "# SESSION_SECRET=6wzgpyJdXcV0ma8dCSUB2xYS8fzKGvOq",
])("%s in a .env file is no secret", (line) => {
  expect(findingsIn({ ...base, ".gitignore": "dist\n", ".env": `${line}\n` })).toEqual([])
})

test.each([
  [".env*", true],
  ["/.env", true],
  ["**/.env", true],
  [".env.local", false],
  ["*.env", true],
  [".env\n!.env", false],
  ["# .env", false],
  ["config/.env", false],
])("%j in .gitignore: %s", (pattern, isIgnored) => {
  const files = { ...base, ".gitignore": `${pattern}\n`, ".env": "SESSION_SECRET=6wzgpyJdXcV0ma8dCSUB2xYS8fzKGvOq\n" }
  expect(findingsIn(files).length).toBe(isIgnored ? 0 : 1)
})

describe("whatever is in the files", () => {
  const cases = faults.flatMap(({ faulty, cured }) => [faulty, cured]).map((files) => ({ ...base, ...files }))
  const pieces = fc.constantFrom(..."'\"`/<>{}()[]$\\\n=!?.:,*#;".split(""), "${", "=>", "await ", "const ", "import ")

  test("nothing throws", () => {
    const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), put: pieces, take: fc.nat(8) })
    const property = fc.property(
      fc.constantFrom(...cases),
      fc.array(change, { minLength: 1, maxLength: 8 }),
      (files, changes) => {
        const mutated = Object.entries(files).map(([path, text]) => {
          return [
            path,
            changes.reduce((rest, { at, put, take }) => {
              const place = Math.floor(at * rest.length)
              return rest.slice(0, place) + put + rest.slice(place + take)
            }, text),
          ]
        })
        expect(Array.isArray(findingsIn(Object.fromEntries(mutated) as Files))).toBe(true)
      },
    )
    fc.assert(property, { numRuns: 400 })
  }, 60_000)

  const parts = [
    "a=>",
    "const a=",
    "f(",
    "f(a,",
    "{a:",
    "a.b",
    "await f()",
    "<script",
    "import a from ",
    "CREATE TABLE session(",
    "INDEX ON a",
    '"',
    "`${",
    "getSession()",
    "redirect(form.get('a'))",
    "createAuth({",
    "function f() {",
    "model Session {",
    "a: (b): c ",
    "a ? b : ",
    "auth.updateUser(a)",
    "try {",
  ]

  test.each(parts)(
    "50 kB of lines with %j take seconds at most",
    (part) => {
      const text = `import { getSession, auth } from "./auth"\n${`${part}\n`.repeat(50_000 / part.length)}`
      const paths = [
        "lib/case.ts",
        "case.vue",
        "case.sql",
        "case.prisma",
        ".gitignore",
        "package.json",
        "tsconfig.json",
        "yarn.lock",
        ".env",
      ]
      const started = performance.now()
      findingsIn({ ...base, ...Object.fromEntries(paths.map((path) => [path, text])) })
      // A second or two; what is quadratic takes minutes.
      expect(performance.now() - started).toBeLessThan(8_000)
    },
    120_000,
  )
})
