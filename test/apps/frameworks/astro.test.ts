import { testBrowserFlow } from "./browser-flow.ts"
import { describePage } from "./describe-page.ts"

const manifest = {
  type: "module",
  scripts: { build: "astro build" },
  dependencies: { astro: "^7.3.0" },
  devDependencies: { "@astrojs/check": "*", typescript: "^5.9.0" },
}

const app = {
  files: {
    "package.json": JSON.stringify(manifest),
    "tsconfig.json": JSON.stringify({ extends: "astro/tsconfigs/strict", include: [".astro/types.d.ts", "**/*"] }),
  },
  build: ["npm run build", "astro check"],
  start: "node dist/server/entry.mjs",
}

describePage("getting-started/astro.md", app, (visit) => testBrowserFlow(visit.running))
