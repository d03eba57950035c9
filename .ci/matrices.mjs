// Two tables from Vitest's JSON reports: which runtime passed which part of the portable suite, and which framework
// passed which step of signing in. Each is `""` if it would be empty.

/** Tabulates the tests of `test/installs/runtimes`, whose titles are a runtime, a part and a case. */
export function runtimeMatrix(files) {
  const tests = titled(files).filter(({ ancestorTitles }) => ancestorTitles.length === 2)
  const runtimes = unique(tests.map(({ ancestorTitles }) => ancestorTitles[0]))
  const parts = unique(tests.map(({ ancestorTitles }) => ancestorTitles[1]))
  const cell = (runtime, part) => {
    const own = tests.filter(({ ancestorTitles: [one, other] }) => one === runtime && other === part)
    const leftOut = own.filter(({ title, status }) => status === "passed" && title.startsWith("left out, "))
    return `${count(own, leftOut)}${leftOut.length > 0 ? `, ${leftOut.length} left out` : ""}`
  }
  return matrix("portable suite", runtimes, parts, cell)
}

const steps = [
  ["guard", /^redirects a signed-out visitor/],
  ["sign up and out", /^signs a user up/],
  ["sign in", /^signs in with another spelling/],
  ["stolen cookie", /^a stolen old cookie/],
  ["errors", /^(explains|says) that a username is taken/],
  ["other site", /to a form that another site sends/],
  ["browser", /^in a browser /],
  ["more", /^/],
]

/** Tabulates the tests of the applications of docs/getting-started and of `nightlatch init`. */
export function frameworkMatrix(files) {
  const tests = titled(files).flatMap((test) => {
    const [, page, init] =
      /docs\/getting-started\/([\w-]+)\.md|^what init adds to (.+)$/.exec(test.ancestorTitles[0]) ?? []
    const row = page ?? (init && `init: ${init}`)
    return row ? [{ ...test, row, step: stepOf(test) }] : []
  })
  const rows = unique(tests.map(({ row }) => row)).sort((one, other) => one.localeCompare(other))
  const names = steps.map(([step]) => step)
  return matrix("getting started", rows, names, (row, step) =>
    count(tests.filter((test) => test.row === row && test.step === step)),
  )
}

function stepOf({ ancestorTitles, title }) {
  const name = [...ancestorTitles.slice(1), title].join(" ")
  return steps.find(([, pattern]) => pattern.test(name))[0]
}

function titled(files) {
  return files
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ ancestorTitles }) => ancestorTitles.length > 0)
}

function count(tests, leftOut = []) {
  const due = tests.filter((test) => !leftOut.includes(test) && !isSkipped(test))
  return due.length > 0 ? `${due.filter(({ status }) => status === "passed").length}/${due.length}` : "-"
}

// A page skips tests for kinds of forms that it does not have.
function isSkipped({ status }) {
  return status === "skipped" || status === "pending"
}

function matrix(corner, rows, columns, cell) {
  if (rows.length === 0) return ""
  return table([[corner, ...columns], ...rows.map((row) => [row, ...columns.map((column) => cell(row, column))])])
}

/** Formats rows of text as aligned columns. */
export function table(rows) {
  const widths = rows[0].map((_, n) => Math.max(...rows.map((row) => row[n].length)))
  const line = (row) => row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]) : cell.padStart(widths[n]))).join("  ")
  return rows.map(line).join("\n")
}

function unique(values) {
  return [...new Set(values)]
}
