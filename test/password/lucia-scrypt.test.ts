import crypto from "node:crypto"
import { afterEach, expect, test, vi } from "vitest"
import { luciaScrypt } from "../../src/password.ts"

const password = "Ｐass wörd ﬁve"
const hasher = luciaScrypt()

// Made by the packages themselves.
const fromLucia = {
  "lucia 3.2.2, Scrypt":
    "d7d4fbec7ba6e5534302bd4527aca9ed:63a5ef51441e0214fbb3155bbefe2bda57a141e2f735730d944769e00493fcbb4396f567cc012bb0b11a4c9aa6d900a41b5c3a70a1ca34459063f6c6dc6c63d5",
  "lucia 3.2.2, LegacyScrypt":
    "s2:5fde71b347f17abee85d32c0b599c487:a8824dcffd1d6e25886c822a43bc57924d934b2e45bd97ff7138045a859d900257450e31dd53bed1212eaf37c4d45b9b01573ab8fd8d3aebfce459ff49a47b95",
  "lucia 2.7.6":
    "s2:b2lho4y660myhx91:d53828ae0b651cfafea571a4086f4048309087861bed34666bacb621919cea1a16104e9422a10ac5d5c3444e36f3b5add5242790ef45b2996562627a891b3cf2",
  "lucia-auth 1.8.0":
    "s2:GCBSqCd7E0s9taCU:d041a8a9dba0ba60221952a61b24f9858877eb2521970da9a0119a1129ec43870c9ecd4a3420b4308b9398b43ab6b4c346bdddc7609e9dc1342c05c9814345d4",
}

// In two parts with r = 8, as Lucia wrote them before `s2:` came.
const oldest = `GCBSqCd7E0s9taCU:${crypto
  .scryptSync(password.normalize("NFKC"), "GCBSqCd7E0s9taCU", 64, { N: 2 ** 14, r: 8, p: 1 })
  .toString("hex")}`

afterEach(() => vi.restoreAllMocks())

test.each([...Object.entries(fromLucia), ["the first Lucia", oldest]])(
  "[PWD-6] verify() accepts the hash of %s, which is due to be replaced",
  async (_, hash) => {
    expect(await hasher.verify(hash, password)).toBe(true)
    expect(await hasher.verify(hash, password.normalize("NFKC"))).toBe(true)
    expect(await hasher.verify(hash, `${password} `)).toBe(false)
    expect(hasher.needsRehash(hash)).toBe(true)
  },
)

test("hash() writes as Lucia 3 does", async () => {
  const hash = await hasher.hash(password)
  expect(hash).toMatch(/^[0-9a-f]{32}:[0-9a-f]{128}$/)
  const [salt, key] = hash.split(":")
  const options = { N: 2 ** 14, r: 16, p: 1, maxmem: 2 ** 26 }
  expect(crypto.scryptSync(password.normalize("NFKC"), String(salt), 64, options).toString("hex")).toBe(key)
})

test("verify() does not take a hash with r = 8 for one of version s2", async () => {
  expect(await hasher.verify(`s2:${oldest}`, password)).toBe(false)
})

test("verify() refuses other prefixes, part counts and lengths before any work", async () => {
  const spy = vi.spyOn(crypto, "scrypt")
  const hash = fromLucia["lucia 2.7.6"]
  const [, salt, key] = hash.split(":")
  const strangers = ["s1", "s3", "S2", ""].map((version) => `${version}:${salt}:${key}`)
  const misshapen = [`${hash}:`, `${salt}:`, `:${key}`, `${salt}:${key?.slice(1)}`, `${salt}:${key?.toUpperCase()}`]
  for (const other of [...strangers, ...misshapen, `${"a".repeat(65)}:${key}`, "a:zz", "$2a$10$x"]) {
    expect(await hasher.verify(other, password)).toBe(false)
  }
  expect(spy).not.toHaveBeenCalled()
})

test("a failing platform rejects with hash_failed, never with false", async () => {
  vi.spyOn(crypto, "scrypt").mockImplementation(() => {
    throw new Error("out of memory")
  })
  await expect(hasher.verify(oldest, password)).rejects.toMatchObject({ code: "hash_failed" })
})
