import { testBrowserFlow } from "./browser-flow.ts"
import { describePage } from "./describe-page.ts"

const app = {
  create: "npx --yes sv create app --template minimal --types ts --no-add-ons --no-install",
  build: ["npm run build", "npm run check"],
  start: "ORIGIN=http://localhost:%PORT% node build",
}

describePage("getting-started/sveltekit.md", app, (visit) => testBrowserFlow(visit.running))
