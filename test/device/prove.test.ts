import { expect, test } from "vitest"
import { createWebAuth } from "../../src/web.ts"
import { createDeviceBrowser } from "./device-browser.ts"
import { second, setUp } from "./set-up.ts"

test("prove() may be asked for at every request: the browser signs no more often than it is willing to", async () => {
  const { auth, device, now } = await setUp()
  const { handler } = createWebAuth(auth, { device: device() })
  const serve = handler(async (request, visitor) => {
    if (request.method === "POST") await visitor.signIn("ada")
    const member = await visitor.validate()
    if (request.method === "POST" || !member) return new Response("nobody")
    const { provenAt, redirect } = await device().prove(request, member.session)
    return redirect ?? new Response(provenAt ? "proven" : "not proven")
  })
  const browser = createDeviceBrowser(serve, { now })
  await browser.visit("/", { method: "POST" })
  for (let n = 0; n < 120; n++) {
    now.advance(15 * second)
    expect(await (await browser.visit("/")).text()).toBe("proven")
  }
})
