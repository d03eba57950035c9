import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { examine } from "../../src/cli/doctor/examine.ts"
import type { Finding } from "../../src/cli/doctor/examine.ts"
import { createProject } from "../../src/cli/doctor/project.ts"
import { readProject } from "../../src/cli/doctor/read-project.ts"
import { rules } from "../../src/cli/doctor/rules.ts"
import { root } from "../package/tarball.ts"
import { base, faults } from "./doctor/faults.ts"
import type { Files } from "./doctor/faults.ts"

const requiredNode = "^20.19.0 || >=22.12.0"
const places = (findings: Finding[]) => findings.map(({ rule, file, line }) => `${rule} ${file}:${line}`)

function findingsIn(files: Files): Finding[] {
  return examine(createProject(new Map(Object.entries(files)), { requiredNode }))
}

test("the project that faults are put into has none", () => {
  expect(findingsIn(base)).toEqual([])
})

test.each(faults)("$rule is found at $at, and nothing else", ({ rule, at, faulty }) => {
  const expected = [at].flat().map((place) => `${rule} ${place}`)
  expect(places(findingsIn({ ...base, ...faulty })).sort()).toEqual(expected.sort())
})

test.each(faults)("$rule is not found once it is cured ($at)", ({ cured }) => {
  expect(findingsIn({ ...base, ...cured })).toEqual([])
})

test("each rule has a fault, and there are at least 25", () => {
  const names = rules.map(({ name }) => name)
  expect([...new Set(faults.map(({ rule }) => rule))].sort()).toEqual(names.toSorted())
  expect(new Set(names).size).toBe(names.length)
  expect(names.length).toBeGreaterThanOrEqual(25)
})

const examples = await readdir(join(root, "examples"))

test.each(examples)("nothing is found in examples/%s", (name) => {
  const project = readProject(join(root, "examples", name), requiredNode)
  expect(project.sources.length).toBeGreaterThan(0)
  expect(examine(project)).toEqual([])
})
