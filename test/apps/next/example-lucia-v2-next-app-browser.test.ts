import { spawn } from "node:child_process"
import { once } from "node:events"
import { expect, onTestFinished, test } from "vitest"
import type { Page } from "playwright-core"
import { describeInBrowser, password, tabTo } from "./example-browser.ts"
import { alert, fillIn, luciaV2Flow, openTutorial, signIn, signOut, signUp } from "./lucia-v2-flow.ts"
import { lintApp } from "./next-app.ts"
import type { BuiltApp } from "./next-app.ts"
import { createVisitor } from "./visitor.ts"

describeInBrowser("examples/lucia-v2-next-app", (visit) => {
  test("renders every page for its visitor, and passes the project's linter", async () => {
    const { buildOutput, folder } = visit.built()
    const made = [...buildOutput.matchAll(/^[├└┌] ○ (\S+)/gm)].map(([, path]) => path)
    expect(made).toEqual(["/_not-found", "/icon.svg"])
    expect(await lintApp(folder)).toBe("")
  })

  luciaV2Flow(visit)

  test("sends its forms without JavaScript too", async () => {
    const { app } = await openTutorial(visit)
    const plain = await visit.openBrowser({ baseURL: app.origin, javaScriptEnabled: false })
    for (const [path, button] of [
      ["/signup", "Sign up"],
      ["/login", "Sign in"],
    ] as const) {
      await plain.goto(path)
      await plain.getByLabel("Username").fill("Grace")
      await plain.getByLabel("Password").fill(password)
      await plain.getByRole("button", { name: button }).click()
      await plain.getByText("Username: Grace", { exact: true }).waitFor()
      await plain.getByRole("button", { name: "Sign out" }).click()
      await plain.waitForURL("/login")
    }
  })

  // There cookies() takes longer to resolve than a Route Handler to answer.
  test("sets its cookies in development too", async () => {
    const visitor = createVisitor(await startInDevelopment(visit.built()))
    const headers = { "Content-Type": "application/x-www-form-urlencoded" }
    const body = String(new URLSearchParams({ username: "Grace", password }))
    const session = expect.stringMatching(
      /^auth_session=[a-z0-9]{40}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=lax$/i,
    )
    expect((await visitor.post("/api/signup", body, headers)).setCookie).toEqual([session])
    expect((await visitor.get("/")).body).toContain("Grace")
    expect((await visitor.post("/api/logout")).setCookie).toEqual([expect.stringMatching(/^auth_session=; .*1970/)])
    expect((await visitor.post("/api/login", body, headers)).setCookie).toEqual([session])
    expect((await visitor.get("/")).status).toBe(200)
  }, 120_000)

  test("can be used with the keyboard alone", async () => {
    const { page } = await openTutorial(visit)
    await signUp(page, "Grace")
    await signOut(page)
    await tabTo(page.getByLabel("Username"))
    await page.keyboard.type("grace")
    await tabTo(page.getByLabel("Password"))
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")
    await page.getByText("Username: Grace", { exact: true }).waitFor()
    await tabTo(page.getByRole("button", { name: "Sign out" }))
    await page.keyboard.press("Enter")
    await page.waitForURL("/login")
  })

  test("fits a phone, in light and dark", async () => {
    const { app, page } = await openTutorial(visit)
    await signUp(page, "tourist")
    const tourist = await visit.openBrowser({ baseURL: app.origin })
    await tour(tourist, (label) => visit.photograph(tourist, label))
  })
})

async function tour(tourist: Page, photo: (label: string) => Promise<void>): Promise<void> {
  await tourist.goto("/signup")
  await photo("sign-up")
  await fillIn(tourist, "abc", "short", "Sign up")
  await alert(tourist, "Invalid username")
  await photo("sign-up-error")
  await tourist.goto("/login")
  await photo("sign-in")
  await fillIn(tourist, "nobody", password, "Sign in")
  await alert(tourist, "Incorrect username or password")
  await photo("sign-in-error")
  await signIn(tourist, "tourist")
  await photo("profile")
}

async function startInDevelopment({ folder }: BuiltApp): Promise<string> {
  const env = Object.entries(process.env).filter(([name]) => !/^(NODE_ENV|NODE_OPTIONS|TEST|VITE.*|npm_.*)$/.test(name))
  const child = spawn(process.execPath, ["node_modules/next/dist/bin/next", "dev", "-p", "0"], {
    cwd: folder,
    env: { ...(Object.fromEntries(env) as NodeJS.ProcessEnv), DATABASE: ":memory:", NEXT_TELEMETRY_DISABLED: "1" },
    detached: true,
  })
  const exited = once(child, "exit")
  // The server has children, so its whole group ends.
  onTestFinished(async () => {
    process.kill(-child.pid!, "SIGKILL")
    await exited
  })
  let output = ""
  child.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      const address = /Local: +(http:\/\/localhost:\d+)/.exec(output)?.[1]
      if (address && output.includes("Ready in")) resolve(address)
    })
    child.once("exit", (code) => reject(new Error(`It ended with ${code} before it listened:\n${output}`)))
  })
}
