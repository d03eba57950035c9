import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import LongestFirst from "./test/longest-first.ts"

// What measures time runs one file after another when the rest is done: the other tests would be measured too.
const timed = ["test/core/totality.test.ts", "test/package/size.test.ts", "test/password/*.test.ts"]
// What builds whole Next.js applications runs by a command of its own.
const next = "test/apps/next/**/*.test.ts"
// So does what installs other frameworks.
const frameworks = "test/apps/frameworks/**/*.test.ts"
// And what builds the documentation.
const site = "test/docs/site.test.ts"
// What compiles the code of its pages, and runs that and what `nightlatch schema` prints on the databases.
const docs = ["test/docs/{blocks,account-guides}.test.ts", "test/docs/databases*.test.ts", "test/cli/schema.test.ts"]
// What follows random histories, for minutes or for an hour.
const faults = "test/faults/**/*.test.ts"
// Many files wait for a server most of the time. More workers than this would take too many of its connections.
const maxWorkers = Math.min(Math.max(3, availableParallelism() - 1), 4)

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Vitest's default is a second, which a page can take on a busy machine.
    expect: { poll: { timeout: 20_000 } },
    reporters: ["default", "./test/run-report.ts"],
    globalSetup: "./test/shared-folder.ts",
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "tests",
          include: ["test/**/*.test.ts"],
          exclude: [...timed, next, frameworks, site, ...docs, faults, "**/node_modules/**"],
          maxWorkers,
        },
      },
      {
        extends: true,
        test: {
          name: "next",
          include: [next],
          fileParallelism: false,
          // A browser, a server and a provider share one machine with other suites.
          testTimeout: 120_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "frameworks",
          include: [frameworks],
          maxWorkers: 2,
          hookTimeout: 300_000,
          sequence: { groupOrder: 3 },
        },
      },
      { extends: true, test: { name: "docs", include: docs, maxWorkers: 2, sequence: { groupOrder: 5 } } },
      { extends: true, test: { name: "site", include: [site], hookTimeout: 300_000, sequence: { groupOrder: 4 } } },
      { extends: true, test: { name: "faults", include: [faults], maxWorkers: 2, sequence: { groupOrder: 6 } } },
      { extends: true, test: { name: "timed", include: timed, fileParallelism: false, sequence: { groupOrder: 1 } } },
    ],
  },
})
