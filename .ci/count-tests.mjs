// Prints which adapters passed how many of the cases of nightlatch/testing, and how many tests passed and failed, from
// Vitest's JSON reports, and which runtimes and frameworks passed what. A file that could not be run counts as one failure.
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

/** A line for each test that failed, with the first line of what it says: the rest stands far above. */
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

/** Resolves to the names of the cases by column, as the package was built; without a build, to no columns. */
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

/** Prints a row for each suite whose tests bear the names of cases, with `-` for what it did not run. */
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

// An adapter without the user port passes the cases of that port, which says nothing.
function countCases(suite, tests, { cases }) {
  const telling = cases.filter(({ needsUsers }) => !needsUsers || !/redis|unstorage/i.test(suite))
  const due = new Set(telling.map(({ name }) => name))
  const run = tests.filter(({ title }) => due.has(title))
  return run.length > 0 ? `${run.filter(({ status }) => status === "passed").length}/${due.size}` : "-"
}

/** What `describe` says, without ids of requirements; else the name of the file. */
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
