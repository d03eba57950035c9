import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { nightlatch } from "../frameworks/init-project.ts"
import { descriptionOf, describeInBrowser, password, replaceCookie, submit } from "./example-browser.ts"
import { createNextApp, withoutFont } from "./next-app.ts"

// What create-next-app makes today, with Cache Components, and what `nightlatch init` adds to it.
describeInBrowser(
  "init",
  ({ built, page, openBrowser, origin }) => {
    test("every page is there, and is rendered for each request", () => {
      for (const path of ["/sign-up", "/sign-in", "/profile"]) {
        expect(built().buildOutput).toMatch(new RegExp(`ƒ ${path}\\s*$`, "m"))
      }
    })

    test("works without JavaScript", async () => {
      const plain = await openBrowser({ javaScriptEnabled: false })
      await plain.goto("/sign-up")
      await submit(plain, { Username: "Plain", Password: password }, "Create account")
      await plain.getByRole("heading", { name: "Hello, Plain" }).waitFor()
      await plain.getByRole("button", { name: "Sign out" }).click()
      await plain.getByRole("heading", { name: "Sign in" }).waitFor()
    })

    test("run again, it finds nothing to do", async () => {
      const { stdout } = await nightlatch(built().folder, "init", "--yes")
      expect(stdout).toContain("There is no file to create.")
      expect(stdout).not.toContain("is left as it is")
    })

    test("signs a user up, out and in, and comes back to the page that was wanted", async () => {
      const credentials = { Username: "Ada", Password: password }
      await page().goto("/profile?tab=1")
      await page().waitForURL("/sign-in?next=%2Fprofile%3Ftab%3D1")
      await page().goto("/sign-up")
      await submit(page(), credentials, "Create account")
      await page().getByRole("heading", { name: "Hello, Ada" }).waitFor()
      await page().getByRole("button", { name: "Sign out" }).click()
      await page().getByRole("heading", { name: "Sign in" }).waitFor()

      await page().goto("/profile?tab=1")
      await submit(page(), { ...credentials, Password: "wrong horse" }, "Sign in")
      await page().getByText("Incorrect username or password.").waitFor()
      expect(await descriptionOf(page().getByLabel("Password"))).toBe("Incorrect username or password.")
      expect(await page().getByLabel("Password").getAttribute("aria-invalid")).toBe("true")
      expect(await page().getByLabel("Username").inputValue()).toBe("Ada")
      await submit(page(), credentials, "Sign in")
      await page().getByRole("heading", { name: "Hello, Ada" }).waitFor()
      expect(page().url()).toBe(`${origin()}/profile?tab=1`)
      await page().goto("/sign-in?next=https://attacker.example")
      await page().getByRole("heading", { name: "Hello, Ada" }).waitFor()
      expect(page().url()).toBe(`${origin()}/profile`)
    })

    test("refuses a form from another site, lets no cache keep a page, and shows nobody's after the session ended", async () => {
      await page().goto("/sign-up")
      await submit(page(), { Username: "<Grace>", Password: password }, "Create account")
      await page().getByText("Use 3 to 31 letters, digits, _ or -.").waitFor()
      expect(await page().getByLabel("Username").getAttribute("autocomplete")).toBe("username")
      await submit(page(), { Username: "Grace", Password: password }, "Create account")
      await page().getByRole("heading", { name: "Hello, Grace" }).waitFor()
      const response = await page().goto("/profile")
      expect(response!.headers()["cache-control"]).toMatch(/no-store/)
      const attack = await fetch(`${origin()}/sign-in`, {
        method: "POST",
        headers: { Origin: "https://attacker.example" },
        body: new URLSearchParams({ username: "Grace", password }),
      })
      expect(attack.status).toBe(403)

      await replaceCookie(page(), "__Host-session", "a".repeat(32))
      await page().goto("/profile")
      await page().getByRole("heading", { name: "Sign in" }).waitFor()
      expect(await page().content()).not.toContain("Hello,")
    })
  },
  () =>
    createNextApp({
      files: async (folder) => ({
        "app/layout.tsx": withoutFont(await readFile(join(folder, "app/layout.tsx"), "utf8")),
      }),
      dependencies: ["@node-rs/argon2"],
      devDependencies: ["@types/node@24"],
      prepare: (folder) => nightlatch(folder, "init", "--yes"),
    }),
)
