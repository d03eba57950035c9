import { describePage } from "./describe-page.ts"

describePage("getting-started/hono.md", {
  build: ["tsc --noEmit -p ."],
  start: "node src/server.ts",
})
