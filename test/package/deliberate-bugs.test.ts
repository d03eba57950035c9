import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import * as bugs from "../faults/bugs.ts"
import * as deviceBugs from "../faults/device-bugs.ts"
import * as deviceProofBugs from "../faults/device-proof-bugs.ts"
import * as drillBugs from "../faults/drill-bugs.ts"
import { root } from "./tarball.ts"

const all = [bugs, deviceBugs, deviceProofBugs, drillBugs].flatMap((module) =>
  Object.values(module).flatMap((named) => Object.entries(named)),
)

// The suites that plant them take minutes. Whoever changes the code learns here that a bug has lost its place.
test.each(all)("the deliberate bug %j has its place in the sources, once", (_, { file, from }) => {
  expect(readFileSync(`${root}${file}`, "utf8").split(from)).toHaveLength(2)
})
