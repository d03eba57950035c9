import { expect, test } from "vitest"
import { createVisitor } from "../examples/visitor.ts"
import { describePage } from "./describe-page.ts"
import { startApp } from "./page-app.ts"

describePage("getting-started/express.md", { build: ["tsc --noEmit -p ."], start: "node src/server.ts" }, (visit) => {
  test("the CommonJS application signs in with JSON", async () => {
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
    } finally {
      await running.stop()
    }
  })
})
