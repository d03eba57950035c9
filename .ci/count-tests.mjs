// Prints how many tests passed and failed, from Vitest's JSON reports. A file that could not be run counts as one failure.
import { readFileSync } from "node:fs"

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")))
const unrunnable = reports
  .flatMap(({ testResults }) => testResults)
  .filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  )
const passed = sum(reports.map(({ numPassedTests }) => numPassedTests))
const failed = sum(reports.map(({ numFailedTests }) => numFailedTests)) + unrunnable.length
console.log(`${passed} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
