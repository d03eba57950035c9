// Prints how many tests passed and failed, from Vitest's JSON report. A file that could not be run counts as one failure.
import { readFileSync } from "node:fs"

const report = JSON.parse(readFileSync(process.argv[2], "utf8"))
const unrunnable = report.testResults.filter(
  ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
)
const failed = report.numFailedTests + unrunnable.length
console.log(`${report.numPassedTests} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1
