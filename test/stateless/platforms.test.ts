import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"

import * as inNode from "../../src/stateless.ts"
import { k1, k2 } from "./stateless-fixture.ts"

type Stateless = typeof inNode

/** Loads the entry anew, as on a platform whose `process.getBuiltinModule` is this. */
async function loadWhere(getBuiltinModule: unknown): Promise<Stateless> {
  vi.stubGlobal("process", { ...process, getBuiltinModule })
  vi.resetModules()
  const loaded = (await import("../../src/stateless.ts")) as Stateless
  // The platform is looked at when the first secret is used.
  loaded.createSnapshots({ secrets: [k1], claims: () => ({}) })
  return loaded
}

const encrypt = vi.fn(crypto.subtle.encrypt.bind(crypto.subtle))
beforeEach(() => {
  encrypt.mockClear()
  Object.defineProperty(crypto.subtle, "encrypt", { value: encrypt, configurable: true })
})
afterEach(() => {
  vi.unstubAllGlobals()
  Reflect.deleteProperty(crypto.subtle, "encrypt")
})

const hidden: [string, unknown][] = [
  ["has no built-in modules", undefined],
  [
    "throws when it is asked for one, as the edge runtime of Next.js does",
    () => {
      throw new Error("not supported")
    },
  ],
  ["knows no such module", () => undefined],
  ["has a module without the functions", () => ({})],
  [
    "has the functions in name only",
    (id: string) => {
      const stub = () => {
        throw new Error("[unenv] crypto.createCipheriv is not implemented yet!")
      }
      return id === "node:crypto" ? { hkdfSync: stub, createCipheriv: stub, createSecretKey: stub } : { Buffer }
    },
  ],
]

describe.each(hidden)("a platform that %s", (_, getBuiltinModule) => {
  test("uses WebCrypto, and opens what Node sealed and the other way round", async () => {
    const elsewhere = await loadWhere(getBuiltinModule)
    vi.unstubAllGlobals()
    const [there, here] = [elsewhere, inNode].map((entry) =>
      entry.createStatelessAuth({ secrets: [k1], getUserAttributes: (attributes: { role?: string }) => attributes }),
    )
    const sealedHere = await here!.createSession("user-1", { role: "Zoë" })
    expect(encrypt).not.toHaveBeenCalled()
    const sealedThere = await there!.createSession("user-2", { role: "clerk" })
    expect(encrypt).toHaveBeenCalledTimes(1)
    expect(await there!.validateSession(sealedHere.token)).toMatchObject({ user: { id: "user-1", role: "Zoë" } })
    expect(await here!.validateSession(sealedThere.token)).toMatchObject({ user: { id: "user-2", role: "clerk" } })
    expect(await there!.validateSession(`${sealedHere.token.slice(0, -2)}AA`)).toMatchObject({ reason: "unknown" })
    expect(await there!.validateSession("x")).toMatchObject({ reason: "malformed" })
    const rotated = elsewhere.createStatelessAuth({ secrets: [k2, k1] })
    expect(await rotated.validateSession(sealedHere.token)).toMatchObject({ token: expect.any(String) })
  })

  test("refuses the same secrets at once", async () => {
    const { createStatelessAuth } = await loadWhere(getBuiltinModule)
    expect(() => createStatelessAuth({ secrets: [undefined] })).toThrow(/openssl rand -base64 32/)
  })
})
