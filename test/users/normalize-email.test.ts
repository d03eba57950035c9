import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { decodePunycode } from "../../src/users/punycode.ts"
import { normalizeEmail } from "../../src/users/normalize-email.ts"
import type { User } from "./user-stores.ts"
import { keyOfAda, openSqlite, setUp, stores } from "./user-stores.ts"

const { password } = keyOfAda

const addresses: [typed: string, stored: string][] = [
  ["ada@example.com", "ada@example.com"],
  ["Ada.Lovelace+list@Example.COM", "ada.lovelace+list@example.com"],
  ["  ada@example.com ", "ada@example.com"],
  ["o'brien{x}@example.com", "o'brien{x}@example.com"],
  ["victim@gmaıl.com", "victim@xn--gmal-nza.com"],
  ["m\u0131ke@example.org", "m\u0131ke@example.org"],
  ["İlker@example.com", "İlker@example.com"],
  ["a@İstanbul.com", "a@xn--istanbul-o0e.com"],
  ["me@fußball.de", "me@xn--fuball-cta.de"],
  ["me@FUSSBALL.de", "me@fussball.de"],
  ["straße@gmx.de", "straße@gmx.de"],
  ["ſam@example.com", "ſam@example.com"],
  ["ﬁn@example.com", "ﬁn@example.com"],
  ["ｖictim@example.com", "ｖictim@example.com"],
  ["Ünal@example.com", "Ünal@example.com"],
  ["σίσυφος@example.com", "σίσυφος@example.com"],
  ["e\u0301mile@example.com", "\u00e9mile@example.com"],
  ["a@mu\u0308nchen.de", "a@xn--mnchen-3ya.de"],
  ["a@MÜNCHEN.de", "a@xn--mnchen-3ya.de"],
  ["a@XN--MNCHEN-3YA.de", "a@xn--mnchen-3ya.de"],
  ["a@οδος.gr", "a@xn--pxavbm.gr"],
  ["a@οδοσ.gr", "a@xn--pxavbq.gr"],
  ["a@ΟΔΟΣ.gr", "a@xn--pxavbq.gr"],
  ["a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"],
  ["a@paral·lel.cat", "a@xn--parallel-koa.cat"],
  ["a@localhost", "a@localhost"],
  [`${"x".repeat(242)}@example.com`, `${"x".repeat(242)}@example.com`],
]

test.each(addresses)("[PWD-10] normalizeEmail(%j) is %j", (typed, stored) => {
  expect(normalizeEmail(typed)).toBe(stored)
})

test.each([
  ["", "nothing"],
  ["ada", "no @"],
  ["@example.com", "no local part"],
  ["ada@", "no domain"],
  ["a@b@example.com", "two of them"],
  ["a＠example.com", "a full-width @"],
  ["a＠evil.com@example.com", "a full-width @ that NFKC would make another one", true],
  ["victim@ſhop.com", "a long s, which IDNA maps to an s"],
  ["victim@shop.com\u200b", "a zero-width space"],
  ["vic\u200btim@shop.com", "a zero-width space in the local part"],
  ["victim@gma\u200bil.com", "a zero-width space in the domain"],
  ["victim@gma\u00adil.com", "a soft hyphen"],
  ["victim@gma\u200dil.com", "a zero-width joiner"],
  ["victim@ｇｍａｉｌ.com", "a full-width domain"],
  ["victim@gmail．com", "a full-width dot"],
  ["victim@gmail。com", "an ideographic dot"],
  ["victim@ﬁrma.com", "a ligature"],
  ["victim@müſli.de", "a letter that IDNA maps, in a label with one that it keeps"],
  ["victim@ᾳ.gr", "an iota subscript, which IDNA maps to a letter"],
  ["\u212Aevin@example.com", "a Kelvin sign, which NFC maps to a K"],
  ["victim@\u212Ayoto.com", "a Kelvin sign in the domain"],
  ["victim@①.com", "a digit in a circle"],
  ["victim@gmail.com.", "a dot at the end"],
  ["victim@.gmail.com", "a dot at the beginning"],
  ["victim@gmail..com", "two dots"],
  ["victim@127.0.0.1", "an IPv4 address"],
  ["victim@127.1", "a short IPv4 address"],
  ["victim@0x7f.1", "a hexadecimal IPv4 address"],
  ["victim@[127.0.0.1]", "a literal"],
  ["victim@[::1]", "an IPv6 literal"],
  ["victim@gmail.com:25", "a port"],
  ["victim@gmail.com/x", "a path"],
  ["victim@gmail.com?x", "a query"],
  ["victim@gmail.com#x", "a fragment"],
  ["victim@gmail.com\\x", "a backslash"],
  ["victim@%67mail.com", "a percent sign"],
  ["victim@-gmail.com", "a hyphen at the beginning"],
  ["victim@a_b.com", "an underscore in the domain"],
  ['"victim"@gmail.com', "quotes"],
  ["(a)victim@gmail.com", "a comment"],
  ["Ada <ada@example.com>", "a name"],
  ["a b@example.com", "a blank"],
  ["ada@exam ple.com", "a blank in the domain"],
  ["a,b@example.com", "a comma"],
  ["ada\n@example.com", "a line break"],
  ["ada@example.com\0", "NUL"],
  ["ada\ud800@example.com", "half a surrogate pair"],
  [`a@${"x".repeat(64)}.com`, "a label of 64 bytes"],
  [`${"x".repeat(243)}@example.com`, "255 bytes"],
  ["x".repeat(10_000_000), "10 million letters"],
])("normalizeEmail(%j) is null: %s", (typed, _what, isAllowed = false) => {
  // A full-width @ is a letter of the local part like any other.
  if (isAllowed) expect(normalizeEmail(typed)).toBe("a＠evil.com@example.com")
  else expect(normalizeEmail(typed)).toBeNull()
})

test.each([null, undefined, 1, ["a@b.c"], { toString: () => "a@b.c" }])("normalizeEmail(%j) is null", (value) => {
  expect(normalizeEmail(value)).toBeNull()
})

// What folds, joins, decomposes or vanishes somewhere.
const awkward = fc.constantFrom(
  ..."aAkKsSiI.-1ßẞſıİςσΣéÉüÜ\u0301\u0308\u0307\u0345\u200b\u200d\u00ad\u3002．＠ﬁⅧ①あア가\u1100\u1161ᾳאبK",
)
const domains = fc.string({ unit: awkward, minLength: 1, maxLength: 10 })

test("normalizing an address twice is normalizing it once, and an address is ASCII after its @", () => {
  const stable = (local: string, domain: string) => {
    const stored = normalizeEmail(`${local}@${domain}`)
    return stored === null || (normalizeEmail(stored) === stored && /@[a-z0-9.-]+$/.test(stored))
  }
  fc.assert(fc.property(fc.string({ unit: awkward, maxLength: 8 }), domains, stable), { numRuns: 3000 })
})

test("two domains that are stored alike differ in nothing but NFC and case", () => {
  const caseless = (text: string) => Array.from(text.normalize("NFC"), (letter) => letter.toLowerCase()).join("")
  const apart = (one: string, other: string) => {
    const [a, b] = [normalizeEmail(`a@${one}`), normalizeEmail(`a@${other}`)]
    if (a === null || a !== b || /xn--/i.test(one + other)) return true
    return caseless(one).normalize("NFC") === caseless(other).normalize("NFC")
  }
  fc.assert(fc.property(domains, domains, apart), { numRuns: 3000 })
  // Pairs that are nearly alike.
  const folded = (domain: string) => apart(domain, domain.normalize("NFKC").toUpperCase().toLowerCase())
  fc.assert(fc.property(domains, folded), { numRuns: 3000 })
})

test("decodePunycode() reverses what IDNA makes", () => {
  const letters = fc.constantFrom(..."abz09ßıéüоиשאあア漢字가나")
  const reversed = (text: string) => {
    const host = new URL(`https://a${text.normalize("NFC")}a`).hostname
    return !host.startsWith("xn--") || decodePunycode(host.slice(4)) === `a${text.normalize("NFC")}a`
  }
  const valid = (text: string) => URL.canParse(`https://a${text.normalize("NFC")}a`)
  fc.assert(fc.property(fc.string({ unit: letters, maxLength: 12 }).filter(valid), reversed), { numRuns: 2000 })
})

describe.each(stores)("addresses over %s", (_name, open) => {
  const emailOf = (providerUserId: string) => ({ providerId: "email", providerUserId, password })

  test.each([
    ["victim@gmail.com", "victim@gmaıl.com"],
    ["victim@gmail.com", "vıctim@gmail.com"],
    ["mike@example.org", "m\u0131ke@example.org"],
    ["victim@shop.com", "victim@ſhop.com"],
    ["me@fussball.de", "me@fußball.de"],
    ["strasse@gmx.de", "straße@gmx.de"],
    ["victim@gmail.com", "victim@gma\u200bil.com"],
    ["victim@gmail.com", "victim＠gmail.com"],
    ["victim@gmail.com", "ｖictim@gmail.com"],
    ["kevin@example.com", "\u212Aevin@example.com"],
  ])("the key of %s is not found by %s, which belongs to another mailbox", async (victim, typed) => {
    const { users, auth } = setUp(open())
    const { user } = await users.createUser({ key: emailOf(victim), attributes: { username: victim } })
    expect(await users.getKey(emailOf(typed))).toBeNull()
    expect(await users.verifyPassword(emailOf(typed))).toBeNull()
    expect(await users.signInWithPassword(auth, emailOf(typed))).toBeNull()
    const named = { ...emailOf(typed), userId: user!.id }
    expect(await users.renameKey(named, "eve@example.com")).toEqual({ renamed: false, reason: "key_missing" })
    expect(await users.deleteKey(named)).toEqual({ deleted: false, reason: "key_missing" })
    expect(await users.getUserKeys(user!.id)).toMatchObject([{ providerUserId: victim }])
  })

  test("one mailbox is one key, however its domain is written", async () => {
    const { users } = setUp(open())
    await users.createUser({ key: emailOf("Ada@München.de"), attributes: {} })
    for (const typed of ["ada@münchen.DE", "ada@mu\u0308nchen.de", "ada@xn--mnchen-3ya.de", " ADA@MÜNCHEN.de"]) {
      expect(await users.getKey(emailOf(typed))).toMatchObject({ providerUserId: "ada@xn--mnchen-3ya.de" })
      const again = await users.createUser({ key: emailOf(typed), attributes: {} })
      expect(again).toEqual({ user: null, reason: "key_taken" })
    }
  })

  test("an address that is none is key_invalid", async () => {
    const { users } = setUp(open())
    for (const typed of ["ada", "victim@ſhop.com", "a@b@c.de"]) {
      expect(await users.createUser({ key: emailOf(typed), attributes: {} })).toEqual({
        user: null,
        reason: "key_invalid",
      })
    }
  })
})

/** With the columns that an application may have beside its user names. */
const accountStores: typeof stores = [
  ["memory", () => memoryAdapter<User, { label?: string | null }>()],
  [
    "node:sqlite",
    () => {
      const db = openSqlite()
      for (const column of ["email", "nickname", "pending_email"])
        db.exec(`ALTER TABLE "user" ADD COLUMN ${column} TEXT`)
      return nodeSqliteAdapter<User, { label?: string | null }>(db)
    },
  ],
]

describe.each(accountStores)("keys that were stored under the earlier form, over %s", (_name, open) => {
  async function setUpEarlier(providerId: string, providerUserId: string, inRow: string, column = providerId) {
    const all = setUp(open())
    const key = { providerId, providerUserId, passwordHash: await all.hasher.hash(password) }
    await all.store.insertUser({ id: "user-1", attributes: Object.fromEntries([[column, inRow]]) }, key)
    return all
  }

  test.each([
    ["email", "ada@münchen.de", "ada@münchen.de", "anything"],
    ["email", "strasse@gmx.de", "Straße@gmx.de", "straße@gmx.de"],
    ["email", "ada@fussball.de", "Ada@Fußball.de", "ada@fußball.de"],
    ["email", "root@127.0.0.1", "root@127.0.0.1", "root"],
    ["email", "ada@x_y.com", "Ada@x_Y.com", "anything"],
    ["username", "strasse", "Straße", "Straße"],
    ["username", "yildiz", "Yıldız", "yıldız"],
  ])("%s: %s is found by %s where the user's row says so", async (providerId, stored, typed, inRow) => {
    const { users, auth } = await setUpEarlier(providerId, stored, inRow)
    const name = { providerId, providerUserId: typed, userId: "user-1" }
    expect(await users.getKey(name)).toMatchObject({ userId: "user-1", providerUserId: stored })
    expect(await users.verifyPassword({ ...name, password })).toMatchObject({ userId: "user-1" })
    expect(await users.signInWithPassword(auth, { ...name, password })).not.toBeNull()
    expect(await users.renameKey(name, "eve@example.com")).toEqual({ renamed: true })
  })

  test.each([
    ["username", "strasse", "Straße"],
    ["username", "yildiz", "Yıldız"],
    ["email", "ada@münchen.de", "ada@münchen.de"],
  ])("%s: nobody else can take %s by its earlier form %s", async (providerId, stored, typed) => {
    const { users } = await setUpEarlier(providerId, stored, typed)
    await users.createUser({ id: "user-2", key: keyOfAda, attributes: { username: "eve" } })
    const key = { providerId, providerUserId: typed }
    expect(await users.createUser({ key, attributes: {} })).toEqual({ user: null, reason: "key_taken" })
    expect(await users.createKey({ ...key, userId: "user-2" })).toEqual({ key: null, reason: "key_taken" })
    if (providerId !== "username") return
    const renamed = await users.renameKey({ ...keyOfAda, userId: "user-2" }, typed)
    expect(renamed).toEqual({ renamed: false, reason: "key_taken" })
  })

  test.each([
    ["username", "mike", "m\u0131ke"],
    ["email", "victim@gmail.com", "victim@gmaıl.com"],
    ["email", "victim@fussball.de", "victim@fußball.de"],
  ])(
    "%s: %s is not found by %s, and leaves it free, where the row says otherwise",
    async (providerId, stored, typed) => {
      const { users } = await setUpEarlier(providerId, stored, stored)
      const key = { providerId, providerUserId: typed }
      expect(await users.getKey(key)).toBeNull()
      expect(await users.verifyPassword({ ...key, password })).toBeNull()
      expect((await users.createUser({ key, attributes: { username: "other" } })).user).not.toBeNull()
    },
  )

  test.each([
    ["email", "ada@strasse.de", "ada@straße.de", "nickname"],
    ["email", "ada@strasse.de", "ada@straße.de", "username"],
    ["email", "ada@strasse.de", "ada@straße.de", "pending_email"],
    ["username", "strasse", "Straße", "nickname"],
    ["username", "yildiz", "yıldız", "email"],
  ])("%s: %s is not found by %s because its row's %s says so", async (providerId, stored, typed, column) => {
    const { users } = await setUpEarlier(providerId, stored, typed, column)
    const key = { providerId, providerUserId: typed }
    expect(await users.getKey(key)).toBeNull()
    expect(await users.verifyPassword({ ...key, password })).toBeNull()
    expect((await users.createUser({ key, attributes: { username: "other" } })).user).not.toBeNull()
    expect(await users.getKey({ providerId, providerUserId: stored })).toMatchObject({ userId: "user-1" })
  })

  test("what is no address is not found by what differs in more than the case of ASCII letters", async () => {
    const { users } = await setUpEarlier("email", "ss@x_y.com", "anything")
    expect(await users.getKey({ providerId: "email", providerUserId: "SS@x_y.com" })).not.toBeNull()
    expect(await users.getKey({ providerId: "email", providerUserId: "ß@x_y.com" })).toBeNull()
  })
})
