import { testBrowserFlow } from "./browser-flow.ts"
import { describePage } from "./describe-page.ts"

// What create-react-router makes, which fetches its template from GitHub. These versions fit each other.
const manifest = {
  private: true,
  type: "module",
  scripts: {
    build: "react-router build",
    typecheck: "react-router typegen && tsc",
    start: "react-router-serve ./build/server/index.js",
  },
  dependencies: {
    "@react-router/node": "8.4.0",
    "@react-router/serve": "8.4.0",
    isbot: "^5.0.0",
    react: "^19.2.0",
    "react-dom": "^19.2.0",
    "react-router": "8.4.0",
  },
  devDependencies: {
    "@react-router/dev": "8.4.0",
    "@types/react": "^19.2.0",
    "@types/react-dom": "^19.2.0",
    typescript: "^5.9.0",
    vite: "^8.0.0",
  },
}
const tsconfig = {
  include: ["app/**/*", ".react-router/types/**/*"],
  compilerOptions: {
    lib: ["DOM", "DOM.Iterable", "ES2022"],
    types: ["node", "vite/client"],
    target: "ES2022",
    module: "ES2022",
    moduleResolution: "bundler",
    jsx: "react-jsx",
    rootDirs: [".", "./.react-router/types"],
    verbatimModuleSyntax: true,
    noEmit: true,
    skipLibCheck: true,
    strict: true,
  },
}
const viteConfig = `
import { reactRouter } from "@react-router/dev/vite"
import { defineConfig } from "vite"
export default defineConfig({ plugins: [reactRouter()] })
`

const app = {
  files: {
    "package.json": JSON.stringify(manifest),
    "tsconfig.json": JSON.stringify(tsconfig),
    "vite.config.ts": viteConfig,
  },
  build: ["npm run typecheck", "npm run build"],
  start: "npm start",
  refusal: 400,
}

describePage("getting-started/react-router.md", app, (visit) => testBrowserFlow(visit.running))
