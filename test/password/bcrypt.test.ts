import { expect, test, vi } from "vitest"
import { bcrypt } from "../../src/password.ts"
import type { BcryptModule } from "../../src/password.ts"

const rest = "rpjbxbEcSso85WBXOTnaF.Z3JtUFamJ6NoDV1tnpl6Qr84JVHepKi"
const hash = `$2b$10$${rest.slice(0, 53)}`

function createModule() {
  return { compare: vi.fn<BcryptModule["compare"]>(async (password) => password.startsWith("right")) }
}

test("verify() leaves the comparison to the package, with the password in NFC, as typed, and in NFD", async () => {
  const module = createModule()
  expect(await bcrypt(module).verify(hash, "right")).toBe(true)
  expect(await bcrypt(module).verify(hash, "e\u0301\u00e9")).toBe(false)
  const given = ["right", "\u00e9\u00e9", "e\u0301\u00e9", "e\u0301e\u0301"]
  expect(module.compare.mock.calls).toEqual(given.map((password) => [password, hash]))
})

test("verify() takes a package that answers at once", async () => {
  expect(await bcrypt({ compare: () => true }).verify(hash, "right")).toBe(true)
  expect(await bcrypt({ compare: () => "yes" as never }).verify(hash, "right")).toBe(false)
})

test.each(["2a", "2b", "2y"])("verify() reads $%s$, under a name that every package knows", async (version) => {
  const module = createModule()
  expect(await bcrypt(module).verify(`$${version}$10$${rest}`, "right")).toBe(true)
  expect(module.compare.mock.calls[0]?.[1]).toBe(`$${version === "2a" ? "2a" : "2b"}$10$${rest}`)
})

test.each([
  `$2b$03$${rest}`,
  `$2b$16$${rest}`,
  `$2b$31$${rest}`,
  `$2b$4$${rest}`,
  `$2x$10$${rest}`,
  `$2$10$${rest}`,
  `$2b$10$${rest}a`,
  `$2b$10$${rest.slice(1)}`,
  `$2b$10$${rest}\n`,
  `$2b$10$${"!".repeat(53)}`,
])("[PWD-7] verify() refuses %j without asking the package", async (other) => {
  const module = createModule()
  expect(await bcrypt(module).verify(other, "right")).toBe(false)
  expect(module.compare).not.toHaveBeenCalled()
})

test("[PWD-3] verify() takes 72 bytes, and is false for what bcrypt would cut", async () => {
  const module = createModule()
  const most = `right${"é".repeat(33)}x`
  expect(await bcrypt(module).verify(hash, most)).toBe(true)
  for (const password of [`${most}x`, `right${"é".repeat(34)}`, "right\0", "right\ud800", "right".repeat(300)]) {
    expect(await bcrypt(module).verify(hash, password)).toBe(false)
  }
  expect(module.compare).toHaveBeenCalledTimes(1)
})

test("[PWD-3] verify() takes what bcrypt would cut only with `truncate`, and leaves the cutting to the package", async () => {
  const module = createModule()
  const phrase = "right horse battery staple ".repeat(3)
  expect(await bcrypt(module).verify(hash, phrase)).toBe(false)
  expect(await bcrypt(module, { truncate: true }).verify(hash, phrase)).toBe(true)
  for (const password of ["right\0", "right\ud800", "right".repeat(300)]) {
    expect(await bcrypt(module, { truncate: true }).verify(hash, password)).toBe(false)
  }
  expect(module.compare.mock.calls).toEqual([[phrase, hash]])
})

test("[THR-6] its decoy is a hash at the cost of the stored ones", async () => {
  const module = createModule()
  const { decoy = "", recognizes } = bcrypt(module, { cost: 9 })
  expect([decoy.slice(0, 7), recognizes?.(decoy)]).toEqual(["$2b$09$", true])
  expect(bcrypt(module).decoy).toMatch(/^\$2b\$10\$/)
})

test.each([3, 16, 10.5, NaN, "10" as never])("bcrypt() throws for the cost %o", (cost) => {
  expect(() => bcrypt(createModule(), { cost })).toThrow(expect.objectContaining({ code: "invalid_option" }))
})

test("needsRehash() is true for every hash", () => {
  expect(bcrypt(createModule()).needsRehash(hash)).toBe(true)
})

test("hash() works where the package can, for what bcrypt reads to the end", async () => {
  const hasher = bcrypt({ ...createModule(), hash: async (password, cost) => `${cost}:${password}` })
  expect(await hasher.hash("right")).toBe("12:right")
  for (const password of ["a".repeat(73), "a\0b", "\ud800", null as never]) {
    await expect(hasher.hash(password)).rejects.toMatchObject({ code: "invalid_option" })
  }
  await expect(bcrypt(createModule()).hash("right")).rejects.toMatchObject({ code: "unsupported" })
})

test("a failing package rejects with hash_failed and its cause, never with false", async () => {
  const cause = new Error("broken binding")
  const compare = () => {
    throw cause
  }
  await expect(bcrypt({ compare }).verify(hash, "right")).rejects.toMatchObject({ code: "hash_failed", cause })
})

test.each([undefined, null, {}, { compare: true }])("bcrypt() throws for %o, which cannot compare", (module) => {
  expect(() => bcrypt(module as never)).toThrow(expect.objectContaining({ code: "missing_port" }))
})
