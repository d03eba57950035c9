import { describe, expect, test } from "vitest"
import { hasChromium } from "../machine.ts"
import { expireProof, openTab, press, signIn, titleOf } from "./chromium/browser.ts"
import { cookiesOf, send } from "./chromium/client.ts"
import { useChromium } from "./chromium/set-up.ts"
import { minute } from "./set-up.ts"

const refreshes = "/auth/device"

describe.skipIf(!hasChromium("bound sessions between sites"))("bound sessions between sites", () => {
  const { open } = useChromium()

  test("[DEV-2] a link from another site opens its page signed in, though the refresh brings no cookies", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    for (const steps of [[403, 200], [200]]) {
      app.now.advance(10 * minute)
      await expireProof(context)
      await page.goto(app.other)
      app.clear()
      await Promise.all([page.waitForEvent("load"), page.click("#link")])
      expect(await page.title()).toBe("ada")
      expect(app.statuses(refreshes)).toEqual(steps)
      const sent = app.arrived.filter(({ path }) => path === refreshes)
      expect(sent.map(({ headers }) => headers.cookie)).toEqual(steps.map(() => undefined))
      expect(app.calls).toEqual(["findSession"])
    }
  })

  test("a sign-in that another site has started is bound at the next page", async () => {
    const { app, tab, page } = await open()
    await page.goto(app.other)
    await Promise.all([page.waitForEvent("load"), page.click("#enter")])
    expect(await page.title()).toBe("ada")
    const entered = app.arrived.findLast(({ path }) => path === "/")
    expect(entered?.headers["sec-fetch-site"]).toBe("cross-site")
    expect(await titleOf(page, app.own)).toBe("ada")
    await expect.poll(() => tab.reports, { timeout: 30_000 }).toContain("creation Success")
    expect(app.statuses(refreshes)).toEqual([200])
  })

  test("a page that never loads again is bound by the picture that it shows after a sign-in by script", async () => {
    const { app, tab, page } = await open()
    await page.goto(`${app.own}/form`)
    await page.evaluate(signInByScript, refreshes)
    await expect.poll(() => tab.reports, { timeout: 30_000 }).toContain("creation Success")
    const asked = app.arrived.map(({ method, path, offer }) => [method, path, offer !== undefined])
    expect(asked).toEqual([
      ["GET", "/form", false],
      ["POST", "/sign-in", false],
      ["GET", "/", false],
      ["GET", refreshes, true],
      ["POST", refreshes, false],
    ])
    app.clear()
    await page.evaluate(showPicture, refreshes)
    expect(app.arrived.map(({ offer }) => offer)).toEqual([undefined])
    expect(app.calls).toEqual(["findSession"])
  })

  test("[DEV-6] a page of another site cannot bind, refresh or end a session", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    // What the proxy leaves after a sign-in by a Server Action.
    await context.addCookies([{ name: "__Host-bound-device-offer", value: "x", url: app.own, secure: true }])
    const cookies = await context.cookies(app.own)
    const { page: other } = await openTab(context)
    await other.goto(app.other)
    app.clear()
    await other.evaluate(attack, `${app.own}${refreshes}`)
    await press(other, "forge")
    expect(app.statuses(refreshes)).toEqual([200, 400, 400])
    expect(app.calls).toEqual([])
    expect(await context.cookies(app.own)).toEqual(cookies)
    expect(await titleOf(page, app.own)).toBe("ada")
    await expireProof(context)
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(app.types()).toEqual([])
  })

  test("[DEV-6] a script on a page cannot bind the session to a key of its own, even if it knew the challenge", async () => {
    const { app, context, page } = await open({ binds: false })
    await page.goto(`${app.own}/form`)
    await press(page, "ada")
    const offer = app.arrived.findLast(({ path }) => path === "/")?.offer
    const challenge = /challenge="([^"]+)"/.exec(offer ?? "")![1]!
    app.clear()
    const { answers, proof } = await page.evaluate(bindByScript, { url: refreshes, challenge })
    expect(answers).toEqual(["cors 400", "same-origin 400", "no-cors 400"])
    const sent = app.arrived.filter(({ path }) => path === refreshes)
    expect(sent.map(({ headers }) => headers["secure-session-response"])).toEqual([proof, proof, undefined])
    expect(await app.sessionsOf("ada")).toMatchObject([{ deviceKey: null }])

    const headers = { Cookie: await cookiesOf(context, app), "Secure-Session-Response": proof }
    const { statusCode } = await send(app, refreshes, {
      method: "POST",
      headers: { ...headers, "Sec-Fetch-Mode": "no-cors" },
    })
    expect(statusCode).toBe(200)
  })

  test("[DEV-6] a script reads no offer to bind the session", async () => {
    const { app, page } = await open({ binds: false })
    await page.goto(`${app.own}/form`)
    await press(page, "ada")
    const seen = await page.evaluate<string | null>(
      `fetch("/").then((response) => response.headers.get("Secure-Session-Registration"))`,
    )
    expect(seen).toBeNull()
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(app.arrived.findLast(({ path }) => path === "/")?.offer).toBeTruthy()
  })

  test("[DEV-7] nothing changes for a browser that binds no sessions", async () => {
    const { app, page } = await open({ binds: false })
    await page.goto(`${app.own}/form`)
    await press(page, "ada")
    app.now.advance(11 * minute)
    expect(await titleOf(page, app.own)).toBe("ada")
    await press(page, "rotate")
    expect(await page.title()).toBe("ada")
    expect(app.arrived.map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual([
      "GET /form 200",
      "POST /sign-in 303",
      "GET / 200",
      "GET / 200",
      "POST /rotate 303",
      "GET / 200",
    ])
    expect(await app.sessionsOf("ada")).toMatchObject([{ deviceKey: null }])
    expect(app.types().filter((type) => type.startsWith("device"))).toEqual([])
  })
})

async function signInByScript(url: string): Promise<void> {
  await fetch("/sign-in?user=ada", { method: "POST" })
  const image = new Image()
  image.src = url
  document.body.append(image)
}

async function showPicture(url: string): Promise<void> {
  await new Promise((resolve) => {
    const image = new Image()
    image.addEventListener("error", resolve)
    image.src = url
  })
}

async function attack(url: string): Promise<void> {
  await new Promise((resolve) => {
    const image = new Image()
    image.addEventListener("error", resolve)
    image.src = url
  })
  await fetch(url, { method: "POST", mode: "no-cors", credentials: "include" }).catch(() => {})
}

async function bindByScript({ url, challenge }: { url: string; challenge: string }) {
  const encode = (bytes: ArrayBuffer | Uint8Array<ArrayBuffer>) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "")
  const json = (value: object) => encode(new TextEncoder().encode(JSON.stringify(value)))
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }
  const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey)
  const header = { alg: "ES256", typ: "dbsc+jwt", jwk: { kty, crv, x, y } }
  const text = `${json(header)}.${json({ jti: challenge })}`
  const signature = encode(await crypto.subtle.sign(algorithm, privateKey, new TextEncoder().encode(text)))
  const proof = `${text}.${signature}`
  const answers: string[] = []
  for (const mode of ["cors", "same-origin", "no-cors"] as const) {
    const { status } = await fetch(url, { method: "POST", mode, headers: { "Secure-Session-Response": proof } })
    answers.push(`${mode} ${status}`)
  }
  return { answers, proof }
}
