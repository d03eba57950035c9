import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { startApp } from "../frameworks/page-app.ts"
import { describeInBrowser, password, replaceCookie, submit } from "./example-browser.ts"
import { appRouterFiles, layoutWithSession, rolesFiles } from "./guide.ts"
import { createNextApp, withoutFont } from "./next-app.ts"

const run = promisify(execFile)

// As a user does it: the blocks of the page and of the guide in what create-next-app makes today, which is left as it is, with Cache
// Components. But for the Google font of its layout, which the build would fetch from the internet.
describeInBrowser(
  "create-next-app",
  ({ built, createDatabase, page }) => {
    test("has every page of the guide, and still prerenders those that ask nobody", () => {
      expect(built().buildOutput).toContain("Cache Components enabled")
      expect(built().buildOutput).toMatch(/◐ \/\s*$/m)
      for (const path of ["/profile", "/admin/users", "/sign-in", "/sign-up"]) {
        expect(built().buildOutput).toMatch(new RegExp(`ƒ ${path}\\s*$`, "m"))
      }
    })

    test("reports nothing in development", async () => {
      const app = await startApp(built().folder, "next dev -p %PORT%")
      try {
        for (const path of ["/", "/sign-up", "/sign-in", "/profile"]) {
          await page().goto(app.origin + path, { waitUntil: "networkidle", timeout: 60_000 })
        }
        expect(page().url()).toContain("/sign-in?next=%2Fprofile")
        await page().goto(`${app.origin}/sign-up`)
        await submit(page(), { Username: "Dev", Password: password }, "Create account")
        await page().getByRole("heading", { name: "Hello, Dev" }).waitFor()
        expect(app.output()).not.toMatch(/error|⨯/i)
      } finally {
        await app.stop()
      }
    }, 120_000)

    test("signs a user up, out and in, and comes back to the page that was wanted", async () => {
      const { db, start } = await createDatabase()
      const { origin } = await start()
      const credentials = { Username: "Ada", Password: password }
      await page().goto(`${origin}/profile`)
      await page().waitForURL(`${origin}/sign-in?next=%2Fprofile`)

      await page().goto(`${origin}/sign-up`)
      await submit(page(), credentials, "Create account")
      await page().getByRole("heading", { name: "Hello, Ada" }).waitFor()
      expect(page().url()).toBe(`${origin}/profile`)
      await page().getByRole("link", { name: "Ada" }).waitFor()
      await page().getByRole("button", { name: "Sign out" }).click()
      await page().getByRole("heading", { name: "Sign in" }).waitFor()

      db.exec("UPDATE user SET role = 'admin'")
      await page().goto(`${origin}/admin/users?q=A`)
      await page().waitForURL(`${origin}/sign-in?next=%2Fadmin%2Fusers%3Fq%3DA`)
      await submit(page(), credentials, "Sign in")
      await page().getByRole("listitem").getByText("Ada").waitFor()
      expect(page().url()).toBe(`${origin}/admin/users?q=A`)
    })

    test("passes the lint rules of create-next-app", async () => {
      const program = join(built().folder, "node_modules/eslint/bin/eslint.js")
      const { stdout } = await run(process.execPath, [program, "."], { cwd: built().folder })
      expect(stdout).toBe("")
    }, 120_000)

    test("shows the pictures of public/ to signed-out visitors", async () => {
      await page().goto("/")
      const logo = page().getByAltText("Next.js logo")
      await expect.poll(() => logo.evaluate((each) => (each as HTMLImageElement).naturalWidth)).toBeGreaterThan(0)
    })

    test("shows a page to nobody whose session has ended, and has no redirect loop", async () => {
      const { start } = await createDatabase()
      const { origin } = await start()
      await page().goto(`${origin}/sign-up`)
      await submit(page(), { Username: "Grace", Password: password }, "Create account")
      await page().getByRole("heading", { name: "Hello, Grace" }).waitFor()
      const ended = `__Host-session=${"a".repeat(32)}`
      await replaceCookie(page(), "__Host-session", "a".repeat(32))
      const answer = await fetch(`${origin}/profile`, { headers: { Cookie: ended } })
      expect(await answer.text()).not.toMatch(/Hello,|Signed in since/)
      await page().goto(`${origin}/profile`)
      await page().getByRole("heading", { name: "Sign in" }).waitFor()
      expect(await page().content()).not.toContain("Hello,")
    })
  },
  () =>
    createNextApp({
      files: async (folder) => ({
        ...appRouterFiles,
        ...rolesFiles,
        "app/layout.tsx": layoutWithSession(withoutFont(await readFile(join(folder, "app/layout.tsx"), "utf8"))),
      }),
      dependencies: ["@node-rs/argon2"],
      devDependencies: ["@types/node@24"],
    }),
)
