import { describePage } from "./describe-page.ts"

describePage("getting-started/elysia.md", { build: ["tsc --noEmit -p ."], start: "bun src/server.ts" })
