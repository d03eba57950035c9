import { expect, test } from "vitest"
import { createVisitor } from "../examples/visitor.ts"
import { describePage } from "./describe-page.ts"
import { startApp } from "./page-app.ts"

describePage("getting-started/express.md", { build: ["tsc --noEmit -p ."], start: "node src/server.ts" }, (visit) => {
  test("the CommonJS application signs users up, in and out with JSON", async () => {
    // Over the database of the other application, in which Ada has signed up.
    const running = await startApp(visit.app().folder, "node server.cjs")
    try {
      const visitor = createVisitor(running.origin)
      expect((await visitor.get("/profile")).status).toBe(401)
      const wrong = await visitor.postJson("/sign-in", { username: ["Ada"], password: { a: 1 } })
      expect(wrong.status).toBe(401)
      const signedIn = await visitor.postJson("/sign-in", { username: "Ada", password: "correct horse battery" })
      expect(signedIn.status).toBe(204)
      expect(await (await visitor.get("/profile")).json()).toMatchObject({ username: "Ada" })
      const copy = visitor.cookie
      expect((await visitor.postJson("/sign-out", {})).status).toBe(204)
      expect((await visitor.get("/profile", { Cookie: copy })).status).toBe(401)
      for (const password of [undefined, {}, { toString: 1 }, ["correct horse battery"]]) {
        const refused = await visitor.postJson("/sign-up", { username: "Grace", password })
        expect(await refused.json()).toEqual({ error: "password_too_short" })
      }
      const signedUp = await visitor.postJson("/sign-up", { username: "Grace", password: "correct horse battery" })
      expect(signedUp.status).toBe(201)
      expect(await (await visitor.get("/profile")).json()).toMatchObject({ username: "Grace" })
    } finally {
      await running.stop()
    }
  })
})
