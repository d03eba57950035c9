import { defineConfig } from "vitest/config"

export default defineConfig({
  test: { include: ["*.spec.ts"], globalSetup: "../../shared-folder.ts", testTimeout: 30_000, hookTimeout: 300_000 },
})
