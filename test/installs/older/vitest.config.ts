import { join } from "node:path"
import { defineConfig } from "vitest/config"

// The adapter, which lies outside this folder, must meet this folder's Drizzle.
const alias = [{ find: /^drizzle-orm/, replacement: join(import.meta.dirname, "node_modules/drizzle-orm") }]

export default defineConfig({
  resolve: { alias },
  test: { include: ["*.spec.ts"], testTimeout: 30_000, hookTimeout: 60_000 },
})
