import type { TestSpecification } from "vitest/node"
import { BaseSequencer } from "vitest/node"

// Vitest knows how long files took only where they have run before: elsewhere these would come last and be waited for.
const longest = [
  "docs/blocks.test.ts",
  "adapters/concurrency.test.ts",
  "package/tarball.test.ts",
  "adapters/galera-outage.test.ts",
  "adapters/libsql.test.ts",
  "adapters/drizzle-conformance.test.ts",
  "adapters/galera.test.ts",
  "apps/examples/web-browser.test.ts",
  "device/chromium-trouble.test.ts",
  "device/chromium.test.ts",
  "device/chromium-sites.test.ts",
  "testing/broken-races.test.ts",
  "races/server-outage.test.ts",
  "adapters/pgbouncer.test.ts",
  "docs/databases.test.ts",
  "cli/schema.test.ts",
  "stateless/revocation-drill.test.ts",
]

/** Begins with the files that take longest, so that no worker is left alone with one. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => rank(one) - rank(other))
  }
}

function rank({ moduleId }: TestSpecification): number {
  const at = longest.findIndex((name) => moduleId.endsWith(`/test/${name}`))
  return at < 0 ? longest.length : at
}
