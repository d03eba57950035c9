import { afterAll, beforeAll, expect, test } from "vitest"
import { startExample } from "./example-server.ts"
import type { ExampleServer } from "./example-server.ts"
import { createVisitor } from "./visitor.ts"

const password = "correct horse battery"
let example: ExampleServer

beforeAll(async () => {
  example = await startExample()
})

afterAll(async () => {
  await example.stop()
})

const post = (path: string, username: string, typed = password) =>
  createVisitor(example.origin).post(path, { username, password: typed })

test("after ten wrong passwords the page says how long to wait, in any spelling of the user name", async () => {
  expect((await post("/sign-up", "ada")).status).toBe(303)
  for (let n = 0; n < 10; n++)
    expect((await post("/sign-in", n % 2 ? "ada" : "ADA", "wrong password")).status).toBe(401)
  const refused = await post("/sign-in", "Ada")
  expect(refused.status).toBe(429)
  expect(refused.headers.get("Retry-After")).toMatch(/^(60|59|58)$/)
  const page = await refused.text()
  expect(page).toMatch(/role="alert"[^>]*>Too many attempts\. Try again in (1 minute|5[89] seconds)\.</)
  expect(page).toMatch(/value="Ada"/)
  expect(page).not.toContain(password)
})

test("other accounts are not affected, and a right password fills the budget up again", async () => {
  expect((await post("/sign-up", "grace")).status).toBe(303)
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < 9; n++) expect((await post("/sign-in", "grace", "wrong password")).status).toBe(401)
    expect((await post("/sign-in", "grace")).status).toBe(303)
  }
})

test("one client tries the passwords of no more than 50 accounts in ten minutes, and asks no more often for one name than ten times", async () => {
  const statuses: number[] = []
  for (let n = 0; n < 40; n++) statuses.push((await post("/sign-in", `user-${n}`, "wrong password")).status)
  // 31 attempts were made above, and one comes back every 12 seconds.
  const tried = statuses.filter((status) => status === 401).length
  expect(tried).toBeGreaterThanOrEqual(50 - 31)
  expect(tried).toBeLessThan(40)
  expect(statuses.at(-1)).toBe(429)
  const created: number[] = []
  for (let n = 0; n < 12; n++) created.push((await post("/sign-up", "grace")).status)
  expect(created).toEqual([...Array<number>(9).fill(422), 429, 429, 429])
})
