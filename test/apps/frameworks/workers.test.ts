import { describePage } from "./describe-page.ts"

// Wrangler must reach nothing outside of this machine.
const quiet = "WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false"

describePage("getting-started/workers.md", {
  build: [
    `node -e "import('nightlatch/adapters/sql').then(m=>console.log(m.schema('sqlite').join(';\\n')+';'))" >> migrations/0001_auth.sql`,
    "tsc --noEmit -p .",
    `${quiet} wrangler d1 migrations apply app --local`,
  ],
  start: `${quiet} wrangler dev --ip 127.0.0.1 --port %PORT%`,
})
