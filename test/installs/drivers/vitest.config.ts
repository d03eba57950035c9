import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

export default defineConfig({
  // Drizzle is installed at the top, and finds PGlite only here.
  resolve: {
    alias: { "@electric-sql/pglite": fileURLToPath(import.meta.resolve("@electric-sql/pglite")) },
  },
  test: {
    include: ["*.spec.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    server: { deps: { inline: ["drizzle-orm"] } },
  },
})
