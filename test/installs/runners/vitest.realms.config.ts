import { defineConfig } from "vitest/config"

export default defineConfig({ test: { include: ["realm-cases.mjs"], globals: true } })
