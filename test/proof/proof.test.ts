import { build } from "esbuild"
import { afterEach, describe, expect, test, vi } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { makeProof, proofLifetime, spendProof } from "../../src/proof/proof.ts"
import type { Proof } from "../../src/proof/proof.ts"
import type * as users from "../../src/users.ts"
import { root } from "../package/tarball.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { keyOfAda, setUpAda } from "../users/user-stores.ts"

const voided = expect.objectContaining({ name: "AuthError", code: "proof_void" })

afterEach(() => {
  vi.restoreAllMocks()
})

describe("a proof of createUsers()", () => {
  test("[PRF-1] is good once", async () => {
    const proof = await proofOfAda()
    expect(spendProof(proof, "user").evidence).toMatchObject({ userId: "user-1", method: "password" })
    expect(() => spendProof(proof, "user")).toThrow(voided)
  })

  test.each([
    ["a spread copy", (proof: Proof) => ({ ...proof })],
    ["what JSON makes of it", (proof: Proof) => JSON.parse(JSON.stringify(proof))],
    ["a structured clone", (proof: Proof) => structuredClone(proof)],
    ["an object that says the same", ({ userId, method }: Proof) => ({ userId, method })],
    ["nothing", () => undefined],
    ["null", () => null],
    ["text", () => "user-1"],
  ])("is not %s", async (_what, copy: (proof: Proof) => unknown) => {
    const proof = await proofOfAda()
    expect(() => spendProof(copy(proof) as Proof, "user")).toThrow(voided)
    expect(spendProof(proof, "user").evidence.userId).toBe("user-1")
  })

  test("[PRF-1] is good for 60 seconds of a clock that nobody sets", async () => {
    const [inTime, late] = [await proofOfAda(), await proofOfAda()]
    const now = performance.now()
    vi.spyOn(Date, "now").mockReturnValue(0)
    const clock = vi.spyOn(performance, "now").mockReturnValue(now + proofLifetime - 1000)
    expect(spendProof(inTime, "user").evidence.userId).toBe("user-1")
    clock.mockReturnValue(now + proofLifetime + 1)
    expect(() => spendProof(late, "user")).toThrow(voided)
  })

  test("[PRF-1] is good only in its realm, and is not spent by another one", async () => {
    const { users } = await setUpAda(memoryAdapter(), { realm: "staff" })
    const proof = (await users.verifyPassword(keyOfAda))!
    expect(() => spendProof(proof, "user")).toThrow('proof: this one is of the realm "staff"')
    expect(spendProof(proof, "staff").evidence.userId).toBe("user-1")
  })

  test("shows neither a password nor a mark, and cannot be changed", async () => {
    const proof = await proofOfAda()
    expect(Object.keys(proof)).toEqual(["userId", "method"])
    expect(() => Object.assign(proof, { userId: "user-2" })).toThrow(TypeError)
  })

  test("is a proof to another copy of the package, and is good once among all copies", async () => {
    const [first, second] = [await loadCopy("first"), await loadCopy("second")]
    expect(first.createUsers).not.toBe(second.createUsers)
    const users = first.createUsers({
      adapter: memoryAdapter<{ id: string }>(),
      passwordHasher: countingHasher(),
    })
    await users.createUser({ id: "user-1", key: keyOfAda, attributes: {} })
    const proof = (await users.verifyPassword(keyOfAda))!
    expect(second.spendProof(proof, "user").evidence.userId).toBe("user-1")
    for (const copy of [first, second]) expect(() => copy.spendProof(proof, "user")).toThrow(voided)
  })
})

test("spending has burnt a proof before anything else can run", async () => {
  const proof = makeProof({ realm: "user", userId: "user-1", method: "email" })
  const spend = async () => spendProof(proof, "user")
  const outcomes = await Promise.allSettled([spend(), spend(), spend()])
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"])
})

async function proofOfAda(): Promise<Proof> {
  const { users } = await setUpAda(memoryAdapter())
  const proof = await users.verifyPassword(keyOfAda)
  if (!proof) throw new Error("the password was refused")
  return proof
}

/** Loads the package once more, as an application does that has two versions of it installed. */
async function loadCopy(name: string): Promise<typeof users & { spendProof: typeof spendProof }> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export * from "./src/users.ts"; export { spendProof } from "./src/proof/proof.ts" // ${name}`,
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: "esm",
    footer: { js: `// ${name}` },
  })
  return import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`)
}
