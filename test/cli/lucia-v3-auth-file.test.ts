import { describe, expect, test } from "vitest"
import { migrate } from "./migrated-text.ts"

const tutorial = `import { Lucia, TimeSpan } from "lucia";
import { BetterSqlite3Adapter } from "@lucia-auth/adapter-sqlite";
import { db } from "./db";

import type { Session, User } from "lucia";

const adapter = new BetterSqlite3Adapter(db, {
	user: "user",
	session: "session"
});

// The one place that knows about sessions.
export const lucia = new Lucia(adapter, {
	// three weeks
	sessionExpiresIn: new TimeSpan(3, "w"),
	sessionCookie: {
		name: "sid",
		expires: false,
		attributes: {
			// set to \`true\` when using HTTPS
			secure: process.env.NODE_ENV === "production", // not in development
			sameSite: "strict"
		}
	},
	getUserAttributes: (attributes) => {
		// what everybody may see
		return { username: attributes.username };
	},
	getSessionAttributes: ({ country }) => ({ country })
});

// IMPORTANT!
declare module "lucia" {
	interface Register {
		Lucia: typeof lucia;
		UserId: number;
		DatabaseUserAttributes: DatabaseUserAttributes;
		DatabaseSessionAttributes: { country: string };
	}
}

interface DatabaseUserAttributes {
	username: string;
}

export type Validated = { user: User; session: Session };
`

const migrated = `import { createAuth } from "nightlatch";
import type { InferUser, InferSession } from "nightlatch";
import { acceptLuciaTokens, fromLuciaAdapter } from "nightlatch/lucia";
import { BetterSqlite3Adapter } from "@lucia-auth/adapter-sqlite";
import { db } from "./db";

const adapter = fromLuciaAdapter<UserRow, { country: string }>(new BetterSqlite3Adapter(db, {
	user: "user",
	session: "session"
}));

// The one place that knows about sessions.
export const auth = acceptLuciaTokens(createAuth({
	adapter,
	// three weeks
	session: { idleTimeout: "3w", absoluteTimeout: false },
	cookie: {
		name: "sid",
		// set to \`true\` when using HTTPS
		secure: process.env.NODE_ENV === "production", // not in development
		sameSite: "strict"
	},
	getUserAttributes: (attributes) => {
		// what everybody may see
		return { username: attributes.username };
	},
	getSessionAttributes: ({ country }) => ({ country })
}), { adapter });

export type User = InferUser<typeof auth>;
export type Session = InferSession<typeof auth>;

// IMPORTANT!
type UserRow = { id: number } & DatabaseUserAttributes;

interface DatabaseUserAttributes {
	username: string;
}

export type Validated = { user: User; session: Session };
`

test("new Lucia() with every option becomes createAuth(), and comments and formatting stay", async () => {
  const { files, leftovers } = await migrate({ "auth.ts": tutorial })
  expect(files).toEqual({ "auth.ts": migrated })
  expect(leftovers).toEqual([])
})

test("so does one that imports from the drop-in, and what it says about stored ids goes", async () => {
  const dropIn = tutorial.replaceAll(`"lucia"`, `"nightlatch/lucia"`)
  const { files } = await migrate({
    "auth.ts": dropIn.replace("\t// three weeks", `\t// later "hashed"\n\tstoredIds: "rekey",\n\t// three weeks`),
  })
  expect(files).toEqual({ "auth.ts": migrated })
})

test("the lines of Windows stay", async () => {
  const { files } = await migrate({ "auth.ts": tutorial.replaceAll("\n", "\r\n") })
  expect(files["auth.ts"]).toBe(migrated.replaceAll("\n", "\r\n"))
})

const creation = (options: string) => `import { Lucia, TimeSpan } from 'lucia'
import { month } from './time'
export const lucia = new Lucia(make()${options})
`

/** The second argument of `new Lucia()`, and the options of `createAuth()`. */
const options: Record<string, [before: string, after: string]> = {
  none: ["", `{ adapter, session: { absoluteTimeout: false }, cookie: { name: 'auth_session' } }`],
  empty: [", {}", `{ adapter, session: { absoluteTimeout: false }, cookie: { name: 'auth_session' } }`],
  "in one line": [
    ", { getUserAttributes: (row) => row }",
    `{ adapter, session: { absoluteTimeout: false }, cookie: { name: 'auth_session' }, getUserAttributes: (row) => row }`,
  ],
  "a lifetime in milliseconds": [
    ", { sessionExpiresIn: new TimeSpan(90000, 'ms'), getUserAttributes }",
    `{ adapter, session: { idleTimeout: '90s', absoluteTimeout: false }, cookie: { name: 'auth_session' }, getUserAttributes }`,
  ],
  "a lifetime from elsewhere": [
    ", { sessionExpiresIn: month, getUserAttributes }",
    "{ adapter, session: { idleTimeout: `${month.seconds()}s`, absoluteTimeout: false }, cookie: { name: 'auth_session' }, getUserAttributes }",
  ],
  "attributes from elsewhere": [
    ", { sessionCookie: { name: cookieName, attributes: insecure } }",
    `{ adapter, session: { absoluteTimeout: false }, cookie: { name: cookieName, ...insecure } }`,
  ],
  "a cookie of which only the lifetime is said": [
    ", { sessionCookie: { expires: false } }",
    `{ adapter, session: { absoluteTimeout: false }, cookie: { name: 'auth_session' } }`,
  ],
}

describe("options of new Lucia():", () => {
  test.each(Object.entries(options))("%s", async (_, [before, after]) => {
    const { files, leftovers } = await migrate({ "auth.ts": creation(before) })
    expect(files["auth.ts"]).toContain(`export const auth = acceptLuciaTokens(createAuth(${after}), { adapter })`)
    expect(files["auth.ts"]).toContain("const adapter = fromLuciaAdapter<{ id: string }>(make())\n\n")
    expect(leftovers).toEqual([])
  })
})

test("a row that was written without its id is used as it is", async () => {
  const omit = `import { Lucia } from "lucia"
import type { Row } from "./db"
import { store } from "./store"
export const lucia = new Lucia(store)
declare module "lucia" {
  interface Register {
    Lucia: typeof lucia
    DatabaseUserAttributes: Omit<Row, "id">
  }
}
`
  const { files } = await migrate({ "auth.ts": omit, "db.ts": "export interface Row { id: string; name: string }" })
  expect(files["auth.ts"]).toBe(`import { createAuth } from "nightlatch"
import { acceptLuciaTokens, fromLuciaAdapter } from "nightlatch/lucia"
import type { Row } from "./db"
import { store } from "./store"
const adapter = fromLuciaAdapter<Row>(store)

export const auth = acceptLuciaTokens(createAuth({ adapter, session: { absoluteTimeout: false }, cookie: { name: "auth_session" } }), { adapter })
`)
  const other = await migrate({ "auth.ts": omit, "db.ts": "export interface Row { id: number; name: string }" })
  expect(other.files["auth.ts"]).toContain(`type UserRow = { id: string } & Omit<Row, "id">`)
})

test("an adapter of this package is told its rows instead", async () => {
  const { files } = await migrate({
    "auth.ts": `import { Lucia } from "nightlatch/lucia"
import { betterSqlite3Adapter } from "nightlatch/adapters/better-sqlite3"
const adapter = betterSqlite3Adapter(db)
export const lucia = new Lucia(adapter)
declare module "nightlatch/lucia" {
  interface Register { Lucia: typeof lucia; DatabaseUserAttributes: { name: string } }
}
`,
  })
  expect(files["auth.ts"]).toContain("const adapter = betterSqlite3Adapter<UserRow>(db)\n")
  expect(files["auth.ts"]).toContain("type UserRow = { id: string } & { name: string }\n")
  expect(files["auth.ts"]).toContain(`import { acceptLuciaTokens } from "nightlatch/lucia"`)
})

test("names that are taken are not used again", async () => {
  const { files } = await migrate({
    "auth.ts": `import { Lucia } from "lucia"
import type { User as LuciaUser } from "lucia"
import { auth, type User } from "./other"
import { adapter } from "./adapter"
log(adapter, auth)
export const lucia = new Lucia(adapter)
export const both: [User, LuciaUser][] = []
`,
    "use.ts": `import { lucia } from "./auth"\nimport { User } from "lucia"\nlog(lucia.createBlankSessionCookie())\n`,
  })
  expect(files["auth.ts"]).toContain("const sessionAdapter = fromLuciaAdapter<{ id: string }>(adapter)")
  expect(files["auth.ts"]).toContain(
    "export const sessionAuth = acceptLuciaTokens(createAuth({ adapter: sessionAdapter,",
  )
  expect(files["auth.ts"]).toContain(
    "export type AuthUser = InferUser<typeof sessionAuth>\ntype LuciaUser = AuthUser\n",
  )
  expect(files["use.ts"]).toBe(
    `import { sessionAuth } from "./auth"\nimport type { AuthUser as User } from "./auth"\nlog(sessionAuth.createBlankSessionCookie())\n`,
  )
})

test("JavaScript gets no types", async () => {
  const { files } = await migrate({
    "auth.js": `import { Lucia } from "lucia"\nimport { adapter } from "./adapter.js"\nexport const lucia = new Lucia(adapter)\n`,
  })
  expect(files["auth.js"]).toContain("= fromLuciaAdapter(adapter)\n")
  expect(files["auth.js"]).not.toMatch(/type|Row/)
})

test("types and the other exports come from where they are now, as the application names it", async () => {
  const { files } = await migrate({
    "tsconfig.json": `{ "compilerOptions": { "paths": { "@/*": ["./*"] }, "module": "esnext", "moduleResolution": "bundler" } }`,
    "lib/auth.ts": `import { Lucia } from "lucia"\nimport { adapter } from "./adapter"\nexport const lucia = new Lucia(adapter)\n`,
    "a.ts": `import { lucia } from "@/lib/auth"\nimport { generateId, Scrypt, type User } from "lucia"\nlog(lucia.sessionCookieName, generateId(15), Scrypt)\n`,
    "deep/b.ts": `import { Session, User, verifyRequestOrigin } from "lucia"\n`,
    "app.d.ts": `declare namespace App { interface Locals { user: import("lucia").User | null } }\n`,
    "c.ts": `import {\n  TimeSpan,\n  // kept\n  generateIdFromEntropySize,\n} from "lucia"\n`,
  })
  expect(files["lib/auth.ts"]).toContain(
    "export type User = InferUser<typeof auth>\nexport type Session = InferSession<typeof auth>",
  )
  expect(files["a.ts"]).toBe(
    `import { auth } from "@/lib/auth"\nimport { generateId, Scrypt } from "nightlatch/lucia"\nimport type { User } from "@/lib/auth"\nlog(auth.sessionCookieName, generateId(15), Scrypt)\n`,
  )
  expect(files["deep/b.ts"]).toBe(
    `import { verifyRequestOrigin } from "nightlatch/lucia"\nimport type { Session, User } from "@/lib/auth"\n`,
  )
  expect(files["app.d.ts"]).toContain(`user: import("@/lib/auth").User | null`)
  expect(files["c.ts"]).toBe(
    `import {\n  TimeSpan,\n  // kept\n  generateIdFromEntropySize,\n} from "nightlatch/lucia"\n`,
  )
})

test("a path to the auth file ends as the other paths do", async () => {
  const { files } = await migrate({
    "src/lib/auth.ts": `import { Lucia } from "lucia"\nimport { adapter } from "./adapter.js"\nexport const lucia = new Lucia(adapter)\n`,
    "src/context.ts": `import type { User } from "lucia"\n`,
  })
  expect(files["src/context.ts"]).toBe(`import type { User } from "./lib/auth.js"\n`)
})

const lucia = (rest: string) => `import { Lucia } from "lucia"\n${rest}`

/** Applications that are left as they are, and why. */
const untouched: Record<string, [files: Record<string, string>, reason: string]> = {
  "an instance for each request": [
    { "auth.ts": lucia("export function create(db: D1) { return new Lucia(new D1Adapter(db)) }\n") },
    "auth.ts:2 nothing was changed: new Lucia() must be the value of a constant of its module",
  ],
  "two instances": [
    { "a.ts": lucia("export const lucia = new Lucia(a)\n"), "b.ts": lucia("export const admin = new Lucia(b)\n") },
    "b.ts:2 one new Lucia() can be migrated, and there are 2",
  ],
  "options from elsewhere": [
    { "auth.ts": lucia("export const lucia = new Lucia(adapter, options)\n") },
    "auth.ts:2 nothing was changed: the options of new Lucia() must be written where it is called",
  ],
  "options that are spread": [
    { "auth.ts": lucia("export const lucia = new Lucia(adapter, { ...options })\n") },
    "options that are spread into new Lucia() cannot be read",
  ],
  "an option that Lucia does not have": [
    { "auth.ts": lucia("export const lucia = new Lucia(adapter, { env: 'DEV' })\n") },
    "new Lucia() has no option env",
  ],
  "a type that is registered in a file where its names mean something": [
    {
      "auth.ts": lucia("export const lucia = new Lucia(adapter)\n"),
      "lucia.d.ts": `import type { Row } from "./db"\ndeclare module "lucia" { interface Register { DatabaseUserAttributes: Row } }\n`,
    },
    "lucia.d.ts:2 nothing was changed: move this, and the types that it names, beside `new Lucia()`",
  ],
  "Lucia v2 and v3 in one": [
    {
      "auth.ts": lucia("export const lucia = new Lucia(adapter)\n"),
      "old.ts": `import { lucia } from "lucia"\nexport const auth = lucia({})\n`,
    },
    "old.ts:1 nothing was changed: this is written for Lucia v2",
  ],
}

describe("nothing is changed of an application with", () => {
  test.each(Object.entries(untouched))("%s", async (_, [before, reason]) => {
    const { files, leftovers } = await migrate({ "package.json": `{ "dependencies": { "lucia": "3" } }`, ...before })
    expect(files).toEqual({})
    expect(leftovers.join("\n")).toContain(reason)
  })
})
