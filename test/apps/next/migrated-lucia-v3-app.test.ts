import { testMigration } from "./migrated-lucia-v3.ts"

await testMigration("examples/lucia-v3-next-app", {
  changed: ["app/login/page.tsx", "app/page.tsx", "app/signup/page.tsx", "lib/auth.ts", "package.json", "proxy.ts"],
  replacesCookie: false,
})
