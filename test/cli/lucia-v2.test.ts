import { expect, test } from "vitest"
import { migrate } from "./migrated-text.ts"

test("an application on Lucia v2 is pointed at its drop-in, and nothing else is changed", async () => {
  const { files, leftovers, notes } = await migrate({
    "auth/lucia.ts": `import { lucia } from "lucia";
import { nextjs_future } from "lucia/middleware";
import 'lucia/polyfill/node';
import { betterSqlite3 } from "@lucia-auth/adapter-sqlite";

export const auth = lucia({ adapter: betterSqlite3(db, {}), env: "DEV", middleware: nextjs_future() }); // "lucia"
export type Auth = typeof auth;
`,
    "app.d.ts": `/// <reference types="lucia" />
declare namespace Lucia {
	type Auth = import("./auth/lucia").Auth;
	type DatabaseUserAttributes = { username: string };
	type DatabaseSessionAttributes = {};
}
`,
    "signup.ts": `import { LuciaError } from 'lucia'\nimport { generateRandomString } from 'lucia/utils'\n`,
    "types.ts": `export type { User } from "lucia"\nexport type Own = import("lucia").Session\nconst name = "lucia"\n`,
  })
  expect(files["auth/lucia.ts"]).toBe(`import { lucia } from "nightlatch/lucia-v2";
import { nextjs_future } from "nightlatch/lucia-v2/middleware";
import { betterSqlite3 } from "@lucia-auth/adapter-sqlite";

export const auth = lucia({ storedIds: "clear", adapter: betterSqlite3(db, {}), env: "DEV", middleware: nextjs_future() }); // "lucia"
export type Auth = typeof auth;
`)
  expect(files["app.d.ts"]).toContain(`/// <reference types="nightlatch/lucia-v2" />\ndeclare namespace Lucia {\n`)
  expect(files["signup.ts"]).toBe(
    `import { LuciaError } from 'nightlatch/lucia-v2'\nimport { generateRandomString } from 'nightlatch/lucia-v2/utils'\n`,
  )
  expect(files["types.ts"]).toBe(
    `export type { User } from "nightlatch/lucia-v2"\nexport type Own = import("nightlatch/lucia-v2").Session\nconst name = "lucia"\n`,
  )
  expect(leftovers).toEqual([])
  expect(notes.join()).toContain('storedIds: "clear"')
  expect(notes.join()).toContain("docs/lucia/v2.md")
})

test("where Next.js hands out cookies as a promise, setting a session is waited for", async () => {
  const handler = (async: string, set: string) => `import { cookies } from "next/headers";
export const POST = ${async}(request) => {
	const authRequest = auth.handleRequest({ request, cookies });
	${set}authRequest.setSession(null);
	another.setSession(null);
};
`
  const { files, leftovers } = await migrate({
    "auth.ts": `import { lucia } from "lucia";\n`,
    "route.ts": handler("async ", ""),
    "late.ts": handler("", ""),
  })
  expect(files["route.ts"]).toBe(handler("async ", "await "))
  expect(files["late.ts"]).toBe(undefined)
  expect(leftovers).toEqual([expect.stringContaining("late.ts:4 say `await`")])
})
