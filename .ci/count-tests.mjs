// Prints, from Vitest's JSON reports, how many cases of nightlatch/testing each adapter passed, how many tests passed
// and failed, and what each runtime and framework passed. A file that could not be run counts as one failure.
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { frameworkMatrix, runtimeMatrix, table } from "./matrices.mjs"

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")))
const files = reports.flatMap(({ testResults }) => testResults)
const unrunnable = files.filter(
  ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
)
const passed = sum(reports.map(({ numPassedTests }) => numPassedTests))
const failed = sum(reports.map(({ numFailedTests }) => numFailedTests)) + unrunnable.length
const isOfRuntimes = ({ name }) => basename(name) === "runtimes.spec.ts"
printAdapters(await loadCases())
for (const text of [runtimeMatrix(files.filter(isOfRuntimes)), frameworkMatrix(files)])
  if (text) console.log(`\n${text}`)
for (const line of failures()) console.log(line)
console.log(`${passed} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1

/** Returns a line for each failed test, with only the first line of its message: the full message is printed above. */
function failures() {
  const tests = files.flatMap(({ name: file, assertionResults }) =>
    assertionResults.filter(({ status }) => status === "failed").map((test) => ({ file, ...test })),
  )
  return [
    ...unrunnable.map(({ name, message }) => `FAILED ${basename(name)}: ${firstLine(message)}`),
    ...tests.map(
      ({ file, fullName, failureMessages }) =>
        `FAILED ${basename(file)}: ${fullName}: ${firstLine(failureMessages[0])}`,
    ),
  ]
}

function firstLine(text = "") {
  return text.trim().split("\n", 1)[0].slice(0, 300)
}

/** Resolves to the names of the cases by column, from the built package; without a build, to no columns. */
async function loadCases() {
  try {
    const { sessionAdapterCases, userAdapterCases, concurrencyCases } = await import("nightlatch/testing")
    return [
      { column: "session", cases: sessionAdapterCases.map(({ name }) => ({ name, needsUsers: false })) },
      { column: "user", cases: userAdapterCases.map(({ name }) => ({ name, needsUsers: true })) },
      {
        column: "concurrency",
        cases: concurrencyCases.map(({ name, needs }) => ({ name, needsUsers: needs === "users" })),
      },
    ]
  } catch {
    console.log("No table of adapters: run npm run build first.")
    return []
  }
}

/** Prints a row for each suite whose tests have the names of cases, with `-` for those that it did not run. */
function printAdapters(columns) {
  const names = new Set(columns.flatMap(({ cases }) => cases.map(({ name }) => name)))
  const suites = new Map()
  for (const { name: file, assertionResults } of files.filter((file) => !isOfRuntimes(file))) {
    for (const { title, status, ancestorTitles } of assertionResults) {
      if (!names.has(title)) continue
      const suite = suiteName(file, ancestorTitles)
      suites.set(suite, [...(suites.get(suite) ?? []), { title, status }])
    }
  }
  const rows = [...suites].map(([suite, tests]) => [
    suite,
    ...columns.map((column) => countCases(suite, tests, column)),
  ])
  if (rows.length > 0)
    console.log(
      table([
        ["cases passed by", ...columns.map(({ column }) => column)],
        ...rows.sort(([one], [other]) => one.localeCompare(other)),
      ]),
    )
}

// An adapter without the user port passes that port's cases without checking anything.
function countCases(suite, tests, { cases }) {
  const telling = cases.filter(({ needsUsers }) => !needsUsers || !/redis|unstorage/i.test(suite))
  const due = new Set(telling.map(({ name }) => name))
  const run = tests.filter(({ title }) => due.has(title))
  return run.length > 0 ? `${run.filter(({ status }) => status === "passed").length}/${due.size}` : "-"
}

/** Returns the text of `describe` without ids of requirements, otherwise the name of the file. */
function suiteName(file, titles) {
  const title = titles
    .join(" ")
    .replace(/\[[\w-]+\]\s*/g, "")
    .trim()
  return title || basename(file).replace(/\.(test|spec)\.ts$/, "")
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
