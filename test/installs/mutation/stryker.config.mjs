import { tmpdir } from "node:os"
import { join } from "node:path"

const folder = "test/installs/mutation"

export default {
  plugins: [import.meta.resolve("@stryker-mutator/vitest-runner")],
  testRunner: "vitest",
  vitest: { configFile: `${folder}/vitest.config.ts` },
  mutate: ["core", "request", "tokens", "throttle", "sign-in", "audit"].map((name) => `src/${name}/**/*.ts`),
  thresholds: { high: 95, low: 90, break: 85 },
  coverageAnalysis: "perTest",
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 20_000,
  checkers: [],
  // Stryker copies the rest, and changes the copy.
  ignorePatterns: ["dist", "docs", "examples", "bench", "test/apps", "test/installs/*", `!${folder}`],
  tempDirName: join(tmpdir(), "nightlatch-mutation"),
  incrementalFile: `${folder}/node_modules/.cache/incremental.json`,
  reporters: ["progress", "clear-text"],
  clearTextReporter: { allowColor: false, reportTests: false, skipFull: true },
}
