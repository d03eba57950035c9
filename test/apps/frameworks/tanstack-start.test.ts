import { expect, test } from "vitest"
import { createVisitor } from "../examples/visitor.ts"
import { testBrowserFlow } from "./browser-flow.ts"
import { describePage } from "./describe-page.ts"

const answers = "--framework React --package-manager npm --no-install --no-git --no-intent --non-interactive"

// The page's last server function has an address as soon as something uses it.
const usesOfTheFunction = `import { createFileRoute } from "@tanstack/react-router"
import { getUser } from "../auth.functions"
import { getProfile } from "../profile.functions"

export const Route = createFileRoute("/uses")({
  headers: () => ({ "Cache-Control": "public, max-age=60", Vary: "Accept" }),
  beforeLoad: () => getUser(),
  component: () => <a href={getProfile.url}>profile</a>,
  server: {
    handlers: {
      POST: async ({ context }) => Response.json({ username: (await context.auth.validate())?.user.username ?? null }),
    },
  },
})
`

const app = {
  create: `TANSTACK_CLI_TELEMETRY_DISABLED=1 npx --yes @tanstack/cli create app --blank ${answers}`,
  files: { "src/routes/uses.tsx": usesOfTheFunction },
  build: ["npm run build", "tsc --noEmit"],
  start: "srvx serve --prod --entry dist/server/server.js --static ../client --port %PORT%",
  redirectsBack: true,
  failsOnJson: true,
}

describePage("getting-started/tanstack-start.md", app, (visit) => {
  testBrowserFlow(visit.running)

  test("a server function answers 401 to visitors who are signed out, whatever page they come from", async () => {
    const visitor = createVisitor(visit.running().origin)
    const page = await visitor.get("/uses")
    // The page asks to be cached, and depends on the session.
    expect([page.headers.get("Cache-Control"), page.headers.get("Vary")]).toEqual([
      "private, no-store",
      "Accept, Cookie",
    ])
    const html = await page.text()
    const [, address = ""] = /<a href="([^"]+)">profile/.exec(html) ?? []
    const call = { "x-tsr-serverFn": "true", Accept: "application/json", "Sec-Fetch-Site": "same-origin" }
    expect((await visitor.get(address, call)).status).toBe(401)
    await signIn(visitor)
    const answer = await visitor.get(address, call)
    expect(answer.headers.get("Cache-Control")).toBe("private, no-store")
    expect(await answer.text()).toContain("Ada")
  })

  test("a server function refuses data that is not a form", async () => {
    const visitor = createVisitor(visit.running().origin)
    const html = await (await visitor.get("/sign-up")).text()
    const [, address = ""] = /<form[^>]* action="([^"]+)"/.exec(html) ?? []
    // As Start writes { data: "text" }.
    const call = { t: { t: 10, i: 0, p: { k: ["data"], v: [{ t: 1, s: "text" }] }, o: 0 }, f: 63, m: [] }
    expect((await visitor.postJson(address, call, { "x-tsr-serverFn": "true" })).status).toBe(400)
  })

  test("a server route has the session, and refuses cross-origin requests", async () => {
    const visitor = createVisitor(visit.running().origin)
    expect(await (await visitor.post("/uses", {})).json()).toEqual({ username: null })
    await signIn(visitor)
    expect(await (await visitor.post("/uses", {})).json()).toEqual({ username: "Ada" })
    expect((await visitor.post("/uses", {}, { Origin: "https://attacker.example" })).status).toBe(403)
  })

  test("the cookie of a session that has ended comes to the sign-in page by one redirect", async () => {
    const visitor = createVisitor(visit.running().origin)
    const Cookie = `__Host-session=${"a".repeat(32)}`
    const redirect = await visitor.get("/profile?tab=1&page=2", { Cookie })
    const { pathname, searchParams } = new URL(redirect.headers.get("Location") ?? "", redirect.url)
    expect([pathname, searchParams.get("next")]).toEqual(["/sign-in", "/profile?tab=1&page=2"])
    expect((await visitor.get("/sign-in", { Cookie })).status).toBe(200)
  })

  async function signIn(visitor: ReturnType<typeof createVisitor>): Promise<void> {
    const html = await (await visitor.get("/sign-in")).text()
    const [, address = ""] = /<form[^>]* action="([^"]+)"/.exec(html) ?? []
    await visitor.post(address, { username: "Ada", password: "correct horse battery" })
  }
})
