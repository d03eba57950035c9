import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { describeInBrowser, password, replaceCookie, submit } from "./example-browser.ts"
import { appRouterFiles, layoutWithSession, node20Files } from "./guide.ts"
import { createNextApp, withoutFont } from "./next-app.ts"

const node20 = `node-${process.platform}-${process.arch}`

const versionRoute = `import { connection } from "next/server"

export async function GET() {
  await connection()
  return new Response(process.version)
}
`

// The page in an application with a folder src, built and served by Node.js 20.
describeInBrowser(
  "Next.js on Node.js 20",
  ({ built, createDatabase, page, origin }) => {
    test("is built and served by Node.js 20, with every page", async () => {
      expect(await (await fetch(`${origin()}/api/version`)).text()).toBe("v20.20.2")
      for (const path of ["/profile", "/sign-in", "/sign-up"]) {
        expect(built().buildOutput).toMatch(new RegExp(`ƒ ${path}\\s*$`, "m"))
      }
    })

    test("signs a user up, out and in, and shows the profile to nobody whose session has ended", async () => {
      const { db, start } = await createDatabase()
      const app = await start()
      await page().goto(`${app.origin}/sign-up`)
      await submit(page(), { Username: "Ada", Password: password }, "Create account")
      await page().getByRole("heading", { name: "Hello, Ada" }).waitFor()
      expect(db.prepare("SELECT username FROM user").all()).toEqual([{ username: "Ada" }])
      await page().getByRole("button", { name: "Sign out" }).click()
      await page().getByRole("heading", { name: "Sign in" }).waitFor()

      await page().goto(`${app.origin}/profile`)
      await page().waitForURL(`${app.origin}/sign-in?next=%2Fprofile`)
      await submit(page(), { Username: "ada", Password: "wrong horse" }, "Sign in")
      await page().getByText("Incorrect username or password.").waitFor()
      await submit(page(), { Username: "ada", Password: password }, "Sign in")
      await page().getByRole("heading", { name: "Hello, Ada" }).waitFor()

      await replaceCookie(page(), "__Host-session", "a".repeat(32))
      await page().goto(`${app.origin}/profile`)
      await page().getByRole("heading", { name: "Sign in" }).waitFor()
      expect(await page().content()).not.toContain("Hello,")
    })
  },
  () =>
    createNextApp({
      answers: ["--src-dir"],
      files: async (folder) => {
        const layout = withoutFont(await readFile(join(folder, "src/app/layout.tsx"), "utf8"))
        const files = {
          ...appRouterFiles,
          ...node20Files,
          "app/layout.tsx": layoutWithSession(layout),
          "app/api/version/route.ts": versionRoute,
        }
        return Object.fromEntries(Object.entries(files).map(([name, text]) => [`src/${name}`, text]))
      },
      dependencies: ["@node-rs/argon2", "@libsql/client"],
      devDependencies: [`${node20}@20.20.2`],
      node: `node_modules/${node20}/bin/node`,
    }),
)
