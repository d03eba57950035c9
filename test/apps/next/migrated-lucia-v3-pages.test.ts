import { testMigration } from "./migrated-lucia-v3.ts"

await testMigration("examples/lucia-v3-next-pages", {
  changed: [
    "lib/auth.ts",
    "package.json",
    "pages/api/login.ts",
    "pages/api/logout.ts",
    "pages/api/signup.ts",
    "pages/index.tsx",
    "proxy.ts",
  ],
  replacesCookie: true,
})
