import { describe, expect, test } from "vitest"
import { createAuth } from "../../src/index.ts"
import { assurance, createSignIn } from "../../src/sign-in.ts"
import { createUsers } from "../../src/users.ts"
import { proofOf } from "../sign-in/set-up.ts"
import { race } from "../tokens/tokens-fixture.ts"
import { appCode, setUp, step } from "../totp/set-up.ts"
import { countingHasher } from "../users/counting-hasher.ts"

// Mistakes of other libraries with authenticator apps and recovery codes. Each number is an advisory.

/** A door for the users of {@link setUp}. */
async function withDoor() {
  const all = await setUp()
  const { memory, now, tokens, totp, recovery } = all
  const auth = createAuth({ adapter: memory, now, proofsOnly: true, getSessionAttributes: assurance })
  const users = createUsers({ adapter: memory, passwordHasher: countingHasher(), now })
  const door = createSignIn({ auth, users, tokens, factors: [totp, recovery], now })
  const begin = async (userId = "ada") => (await door.beginSignIn(proofOf("email", userId))).pending
  return { ...all, door, begin }
}

describe("CVE-2026-82470, CVE-2026-104105, CVE-2026-103655: a code was good more than once", () => {
  test("a code that was used is refused as long as it would be shown", async () => {
    const { totp, enroll, now } = await setUp()
    const { secret } = await enroll()
    const code = appCode(secret, now.advance(step))
    expect(await totp.verifyTotp({ userId: "ada", code })).not.toBeNull()
    for (let waited = 0; waited < 4; waited++) {
      expect(await totp.verifyTotp({ userId: "ada", code })).toBeNull()
      now.advance(step / 2)
    }
  })

  test("the code that confirmed the authenticator app signs nobody in", async () => {
    const { door, begin, totp, enroll } = await withDoor()
    const { code } = await enroll()
    const pending = await begin()
    expect(await door.finishSignIn(pending, (userId) => totp.verifyTotp({ userId, code }))).toBeNull()
  })

  test("[PRF-8] of fifty requests with one code, one gets the proof", async () => {
    const { totp, enroll, now } = await setUp()
    const { secret } = await enroll()
    const code = appCode(secret, now.advance(step))
    const proofs = await race(50, () => totp.verifyTotp({ userId: "ada", code }))
    expect(proofs.filter((proof) => proof !== null)).toHaveLength(1)
  })

  test("a code that was used in one sign-in finishes no other", async () => {
    const { door, begin, totp, enroll, now } = await withDoor()
    const { secret } = await enroll()
    const code = appCode(secret, now.advance(step))
    const finish = async () => door.finishSignIn(await begin(), (userId) => totp.verifyTotp({ userId, code }))
    expect(await finish()).not.toBeNull()
    expect(await finish()).toBeNull()
  })
})

describe("CVE-2026-134276: white space made a new code of a used one", () => {
  test.each([" %s", "%s ", "%s\n", "\t%s", "\u00A0%s", "\u200B%s", "-%s", "123 456", "full width"])(
    "%j is the code that was used",
    async (form) => {
      const { totp, enroll, now } = await setUp()
      const { secret } = await enroll()
      const code = appCode(secret, now.advance(step))
      expect(await totp.verifyTotp({ userId: "ada", code })).not.toBeNull()
      const spelt: Record<string, string> = {
        "123 456": ` ${code.slice(0, 3)} ${code.slice(3)}`,
        "full width": code.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
      }
      const again = spelt[form] ?? form.replace("%s", code)
      expect(await totp.verifyTotp({ userId: "ada", code: again })).toBeNull()
    },
  )
})

describe("CVE-2026-78619: a recovery code of one user finished the sign-in of another", () => {
  test("another user's code is null, and is not used up", async () => {
    const { door, begin, recovery, enroll } = await withDoor()
    await enroll("ada")
    await enroll("grace")
    await recovery.createCodes("ada")
    const [code = ""] = await recovery.createCodes("grace")
    const finish = async (user: string) =>
      door.finishSignIn(await begin(user), (userId) => recovery.redeemCode({ userId, code }))
    expect(await finish("ada")).toBeNull()
    expect(await recovery.countCodes("grace")).toBe(10)
    expect(await finish("grace")).toMatchObject({ session: { userId: "grace" } })
  })
})

describe("CVE-2026-62232: a new enrollment overwrote the key that was in use", () => {
  test("the authenticator app works until a code of the new one was right", async () => {
    const { totp, auth, enroll, now } = await setUp()
    const { secret } = await enroll()
    const { session } = await auth.createSession("ada")
    const { enrollment } = await totp.enrollTotp({ userId: "ada", account: "ada" })
    const request = { userId: "ada", enrollment, sessionId: session.id, replace: true }
    expect(await totp.confirmTotp({ ...request, code: "000000" })).toMatchObject({ reason: "wrong_code" })
    now.advance(step)
    expect(await totp.verifyTotp({ userId: "ada", code: appCode(secret, now()) })).not.toBeNull()
  })

  test("without replace, a right code of a new one changes nothing", async () => {
    const { totp, memory, enroll } = await setUp()
    await enroll()
    const stored = await memory.findTotp("ada")
    await expect(enroll()).rejects.toThrow("enrolled")
    expect(await memory.findTotp("ada")).toEqual(stored)
    expect(await totp.factorsOf("ada")).toEqual(["totp"])
  })
})

describe("CVE-2026-111949: a second factor was enrolled while the sign-in waited for one", () => {
  test("a pending sign-in is no session that could ask for a new authenticator app", async () => {
    const { begin, totp, memory, enroll, now } = await withDoor()
    await enroll()
    const stored = await memory.findTotp("ada")
    const pending = await begin()
    const { secret, enrollment } = await totp.enrollTotp({ userId: "ada", account: "mallory" })
    const request = { userId: "ada", enrollment, code: appCode(secret, now()), sessionId: pending! }
    for (const replace of [false, true])
      expect(await totp.confirmTotp({ ...request, replace })).toEqual({ proof: null, reason: "expired" })
    expect(await memory.findTotp("ada")).toEqual(stored)
  })

  test("recovery codes that were made meanwhile do not finish it", async () => {
    const { door, begin, recovery, enroll } = await withDoor()
    await enroll()
    const pending = await begin()
    const [code = ""] = await recovery.createCodes("ada")
    expect(await door.finishSignIn(pending, (userId) => recovery.redeemCode({ userId, code }))).toBeNull()
  })
})
