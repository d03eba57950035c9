import { describe, expect, test } from "vitest"
import { hasChromium } from "../machine.ts"
import { expireProof, launchProfile, openTab, press, signIn, titleOf } from "./chromium/browser.ts"
import { certificate, useChromium } from "./chromium/set-up.ts"
import { minute, secretOf } from "./set-up.ts"

const refreshes = "/auth/device"

describe.skipIf(!hasChromium("bound sessions in trouble"))("bound sessions in trouble", () => {
  const { open, makeFolder, onEnd } = useChromium()

  test("the server starts again", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    app.restart()
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(app.statuses(refreshes)).toEqual([200])
    app.now.advance(10 * minute)
    await expireProof(context)
    expect(await titleOf(page, app.own)).toBe("ada")
    app.restart()
    app.now.advance(10 * minute)
    await expireProof(context)
    app.clear()
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(app.statuses(refreshes)).toEqual([200])
  })

  test("[DEV-2] the browser starts again", async () => {
    const { app } = await open()
    const profile = await makeFolder()
    const first = await launchProfile(profile, { certificate })
    await signIn(await openTab(first), app.own)
    await first.close()

    const second = await launchProfile(profile, { certificate })
    onEnd(() => second.close())
    const { page } = await openTab(second)
    app.now.advance(11 * minute)
    await expireProof(second)
    app.clear()
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(app.statuses(refreshes)).toEqual([403, 200])
    expect(app.types()).toEqual([])
  })

  test("[DEV-2] the secret changes, and the old one is kept", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    app.restart(secretOf(2), secretOf(1))
    app.now.advance(minute)
    for (let n = 0; n < 2; n++) {
      expect(await titleOf(page, app.own)).toBe("ada")
      app.now.advance(10 * minute)
      await expireProof(context)
    }
    expect(app.types()).not.toContain("device_refused")
  })

  test("the secret changes, and the old one is gone: the next page is signed in again", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    app.restart(secretOf(3))
    app.now.advance(minute)
    app.clear()
    expect(await titleOf(page, app.own)).toBe("nobody")
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(app.calls).toEqual(["findSession", "findSession", "findSession", "findSession"])
    app.now.advance(10 * minute)
    await expireProof(context)
    app.clear()
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(app.calls).toEqual(["findSession", "findSession"])
    expect(tab.reports.filter((report) => report.startsWith("termination"))).toEqual([])
  })

  test("[DEV-2] the old secret is gone when a link from another site is followed: the key is kept", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    app.restart(secretOf(3))
    app.now.advance(10 * minute)
    await expireProof(context)
    await page.goto(app.other)
    app.clear()
    await Promise.all([page.waitForEvent("load"), page.click("#link")])
    expect(await page.title()).toBe("nobody")
    expect(app.statuses(refreshes)).toEqual([503])
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(tab.reports.filter((report) => report.startsWith("termination"))).toEqual([])
  })

  test("a path that answers 404 costs the key: the user signs in again", async () => {
    const { app, context, tab, page, reports } = await open()
    await signIn(tab, app.own)
    app.now.advance(10 * minute)
    await expireProof(context)
    app.fail(404)
    expect(await titleOf(page, app.own)).toBe("nobody")
    expect(reports.at(-1)).toBe("termination RefreshFatalError")
    app.fail(null)
    expect(await titleOf(page, app.own)).toBe("nobody")
    await signIn(tab, app.own)
    expect(await titleOf(page, app.own)).toBe("ada")
  })

  test("[DEV-8] while refreshing fails the owner is signed out, and no longer", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    app.now.advance(10 * minute)
    await expireProof(context)
    app.fail(500)
    expect(await titleOf(page, app.own)).toBe("nobody")
    expect(app.events.at(-1)).toMatchObject({ type: "device_refused", reason: "server_error" })
    app.fail(null)
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(tab.reports).not.toContainEqual(expect.stringMatching("termination"))
  })

  test.each([
    ["observe", "ada", "device_skipped"],
    ["enforce", "nobody", "device_refused"],
  ] as const)("a browser that has signed too often says so, in %s", async (mode, title, type) => {
    const { app, context, tab, page } = await open({ mode, quota: true })
    await signIn(tab, app.own)
    for (let n = 0; n < 5; n++) {
      app.now.advance(minute)
      await expireProof(context)
      expect(await titleOf(page, app.own)).toBe("ada")
    }
    await expireProof(context)
    app.clear()
    expect(await titleOf(page, app.own)).toBe(title)
    expect(app.statuses(refreshes)).toEqual([])
    expect(app.events[0]).toMatchObject({ type, userId: "ada", reason: "quota_exceeded" })
    expect(await app.sessionsOf("ada")).toHaveLength(1)
    expect(tab.reports.at(-1)).toBe("refresh SigningQuotaExceeded")
  })

  test("device.prove() makes the browser prove its key at once, and send the same request again", async () => {
    const { app, tab, page } = await open()
    await signIn(tab, app.own)
    expect(await titleOf(page, `${app.own}/transfer?to=eve`)).toBe("GET")
    expect(app.statuses("/transfer")).toEqual([200])

    app.now.advance(2 * minute)
    app.clear()
    expect(await titleOf(page, `${app.own}/transfer?to=eve`)).toBe("GET")
    expect(page.url()).toBe(`${app.own}/transfer?to=eve`)
    expect(app.statuses("/transfer")).toEqual([307, 200])
    expect(app.statuses(refreshes)).toEqual([403, 200])

    app.now.advance(2 * minute)
    app.clear()
    await press(page, "transfer")
    expect(await page.title()).toBe("POST amount=5")
    expect(app.statuses("/transfer")).toEqual([307, 200])
    expect(app.statuses(refreshes)).toEqual([200])

    app.now.advance(2 * minute)
    app.clear()
    const body = await page.evaluate<string>(
      `fetch("/transfer", { method: "POST", body: "amount=7" }).then((response) => response.text())`,
    )
    expect(body).toContain("<title>POST amount=7</title>")
    expect(app.statuses("/transfer")).toEqual([307, 200])
    expect(app.statuses(refreshes)).toEqual([200])
  })
})
