import { describePage } from "./describe-page.ts"

describePage("getting-started/fastify.md", { build: ["tsc --noEmit -p ."], start: "node src/server.ts" })
