import { expect, test } from "vitest"
import { createVisitor } from "../examples/visitor.ts"
import { describePage } from "./describe-page.ts"

describePage("getting-started/hono.md", { build: ["tsc --noEmit -p ."], start: "node src/server.ts" }, (visit) => {
  test("reads no more of a form than it needs", async () => {
    const visitor = createVisitor(visit.running().origin)
    const answer = await visitor.post("/sign-in", { username: "Ada", password: "a".repeat(16 * 1024) })
    expect(answer.status).toBe(413)
  })
})
