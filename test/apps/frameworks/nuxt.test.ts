import { expect, test } from "vitest"
import { createVisitor } from "../examples/visitor.ts"
import { testBrowserFlow } from "./browser-flow.ts"
import { describePage } from "./describe-page.ts"

// What create-nuxt makes, which fetches its template from GitHub.
const manifest = {
  private: true,
  type: "module",
  scripts: { build: "nuxt build", dev: "nuxt dev", postinstall: "nuxt prepare" },
  dependencies: { nuxt: "4.5.2", vue: "^3.5.0", "vue-router": "^5.2.0" },
  devDependencies: { typescript: "^5.9.0", "vue-tsc": "^3.0.0" },
}
const references = ["app", "server", "shared", "node"].map((name) => ({ path: `./.nuxt/tsconfig.${name}.json` }))

const app = {
  files: {
    "package.json": JSON.stringify(manifest),
    "tsconfig.json": JSON.stringify({ files: [], references }),
    "nuxt.config.ts": `export default defineNuxtConfig({ compatibilityDate: "2025-07-15" })\n`,
  },
  build: ["nuxt typecheck", "npm run build"],
  start: "node .output/server/index.mjs",
  redirectsBack: true,
}

describePage("getting-started/nuxt.md", app, (visit) => {
  testBrowserFlow(visit.running)

  test("API routes answer 401 to visitors who are signed out, and know who is signed in", async () => {
    const visitor = createVisitor(visit.running().origin)
    expect((await visitor.get("/api/profile")).status).toBe(401)
    expect(await (await visitor.get("/api/user")).json()).toEqual({ user: null })
    await visitor.post("/api/sign-in", { username: "Ada", password: "correct horse battery" })
    expect(await (await visitor.get("/api/profile")).json()).toMatchObject({ username: "Ada" })
    expect((await visitor.get("/sign-in")).headers.get("Location")).toBe("/profile")
  })

  test("the cookie of a session that has ended comes to the sign-in page by one redirect", async () => {
    const visitor = createVisitor(visit.running().origin)
    const Cookie = `__Host-session=${"a".repeat(32)}`
    const redirect = await visitor.get("/profile?tab=1&page=2", { Cookie })
    const { pathname, searchParams } = new URL(redirect.headers.get("Location") ?? "", redirect.url)
    expect([pathname, searchParams.get("next")]).toEqual(["/sign-in", "/profile?tab=1&page=2"])
    // Whether a visitor is redirected depends on the session, so no shared cache may keep it.
    expect(redirect.headers.get("Cache-Control")).toBe("private, no-store")
    expect((await visitor.get("/sign-in", { Cookie })).status).toBe(200)
  })

  test("signs nobody in with what is not a form", async () => {
    const visitor = createVisitor(visit.running().origin)
    const answer = await visitor.postJson("/api/sign-in", { username: ["Ada"], password: { a: 1 } })
    expect(answer.headers.get("Location")).toBe("/sign-in?error=incorrect&next=%2Fprofile")
    expect(visitor.cookie).toBe("")
  })
})
