import { fork } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { expect, test } from "vitest"
import type { FlowReport } from "./secret-flow.ts"

test("[LOG-1][STO-4][P3] no password, token or hash shows in events, errors, results or on the console, even while debugging", async () => {
  const child = fork(new URL("secret-flow.ts", import.meta.url), {
    silent: true,
    env: { ...process.env, NODE_DEBUG: "*", DEBUG: "*" },
    execArgv: [],
  })
  const reports: FlowReport[] = []
  child.on("message", (report: FlowReport) => reports.push(report))
  const streams = [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : ""))
  const [[exitCode], ...output] = await Promise.all([once(child, "close"), ...streams])
  expect(exitCode).toBe(0)

  const [{ logged, secrets } = { logged: "", secrets: [] }] = reports
  // The flow ran: its events and its failures are in what is searched.
  for (const word of ["password_changed", "session_rotated", "store_failed", "hash_failed", "invalid_option"]) {
    expect(logged).toContain(word)
  }
  expect(secrets).toHaveLength(7)
  const seen = [logged, ...output].join("\n")
  expect(secrets.flatMap(spellings).filter((spelling) => seen.includes(spelling))).toEqual([])
})

function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [secret, bytes.toString("hex"), bytes.toString("base64").replace(/=+$/, ""), bytes.toString("base64url")]
}
