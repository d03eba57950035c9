import { URI } from "otpauth"
import { describe, expect, test } from "vitest"
import { createTotp } from "../../src/totp.ts"
import { spendProof } from "../../src/proof/proof.ts"
import { appCode, day, hour, minute, secrets, setUp, step, wrongCode } from "./set-up.ts"

describe("enrollTotp()", () => {
  test("returns a key URI that authenticator apps read, and stores nothing", async () => {
    const { totp, calls } = await setUp()
    const { uri, secret } = await totp.enrollTotp({
      userId: "ada",
      account: "ada@example.com",
    })
    expect(uri).toBe(`otpauth://totp/Example:ada%40example.com?secret=${secret}&issuer=Example`)
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(calls).toEqual([])
  })

  test.each([
    ["Example Shop & Söhne", "ada lovelace"],
    ["Example?#/%", "ada:admin@example.com"],
    ["Beispiel 例", "\u{1F984}'(x)*!"],
  ])("otpauth reads the issuer %s and the account %s", async (issuer, account) => {
    const { totp } = await setUp({ issuer })
    const { uri, secret } = await totp.enrollTotp({ userId: "ada", account })
    const read = URI.parse(uri)
    expect(read).toMatchObject({
      issuer,
      algorithm: "SHA1",
      digits: 6,
      period: 30,
    })
    expect(decodeURIComponent(read.label)).toBe(account)
    expect(read.secret.base32).toBe(secret)
  })

  test("writes half a surrogate pair as U+FFFD", async () => {
    const { totp } = await setUp()
    const { uri } = await totp.enrollTotp({
      userId: "ada",
      account: "a\uD800b",
    })
    expect(decodeURIComponent(new URL(uri).pathname)).toContain("a\uFFFDb")
  })

  test("returns the same key for the enrollment that it returned before", async () => {
    const { totp } = await setUp()
    const first = await totp.enrollTotp({ userId: "ada", account: "ada" })
    const { enrollment } = first
    expect(await totp.enrollTotp({ userId: "ada", account: "ada", enrollment })).toEqual(first)
  })

  test.each(["of another user", "of another realm", "that is an hour old", "that is a stored key", "that is no text"])(
    "makes a new key for an enrollment %s",
    async (which) => {
      const { totp, store, now, enroll, auth } = await setUp()
      const { enrollment } = await totp.enrollTotp({
        userId: "ada",
        account: "ada",
      })
      const { secret } = await totp.enrollTotp({
        userId: "ada",
        account: "ada",
        enrollment,
      })
      let given: unknown = enrollment
      let [userId, asked] = ["ada", totp]
      if (which === "of another user") userId = "grace"
      if (which === "of another realm")
        asked = createTotp({
          adapter: store,
          auth,
          issuer: "x",
          secrets,
          realm: "admin",
        })
      if (which === "that is an hour old") now.advance(hour)
      if (which === "that is a stored key") given = (await enroll().then(() => store.findTotp("ada")))?.secret
      if (which === "that is no text") given = [enrollment]
      const made = await asked.enrollTotp({
        userId,
        account: "x",
        enrollment: given,
      })
      expect(made.secret).not.toBe(secret)
      expect(made.enrollment).not.toBe(given)
    },
  )

  test.each([undefined, null, "", 5])("refuses the account %j", async (account) => {
    const { totp } = await setUp()
    const enrolled = totp.enrollTotp({
      userId: "ada",
      account: account as string,
    })
    await expect(enrolled).rejects.toMatchObject({ code: "invalid_option" })
  })
})

describe("confirmTotp()", () => {
  async function begin(changes = {}) {
    const all = await setUp(changes)
    const { session } = await all.auth.createSession("ada")
    const enrolled = await all.totp.enrollTotp({
      userId: "ada",
      account: "ada",
    })
    const request = {
      userId: "ada",
      enrollment: enrolled.enrollment,
      sessionId: session.id,
    }
    const code = () => appCode(enrolled.secret, all.now())
    return { ...all, session, ...enrolled, request, code }
  }

  test("stores the authenticator app, proves it, and reports that", async () => {
    const { totp, request, code, events, now } = await begin()
    expect(await totp.factorsOf("ada")).toEqual([])
    const { proof, reason } = await totp.confirmTotp({
      ...request,
      code: code(),
    })
    expect(proof).toEqual({ userId: "ada", method: "totp" })
    expect(reason).toBeUndefined()
    expect(await totp.factorsOf("ada")).toEqual(["totp"])
    expect(events).toEqual([{ type: "totp_added", at: new Date(now()), userId: "ada" }])
  })

  test("uses the code up that confirmed it", async () => {
    const { totp, request, code, now } = await begin()
    await totp.confirmTotp({ ...request, code: code() })
    expect(await totp.verifyTotp({ userId: "ada", code: code() })).toBeNull()
    now.advance(step)
    expect(await totp.verifyTotp({ userId: "ada", code: code() })).not.toBeNull()
  })

  test.each(["wrong", "12345", "1234567", "", null, 123456, ["123456"]])("refuses the code %j", async (code) => {
    const { totp, request, secret, now } = await begin()
    const given = code === "wrong" ? wrongCode(secret, now()) : code
    expect(await totp.confirmTotp({ ...request, code: given })).toEqual({
      proof: null,
      reason: "wrong_code",
    })
    expect(await totp.factorsOf("ada")).toEqual([])
  })

  test("refuses an enrollment that is old, foreign or made up", async () => {
    const { totp, request, code, now } = await begin()
    const expired = { proof: null, reason: "expired" }
    for (const enrollment of [undefined, "", "x".repeat(200), `${request.enrollment}A`, null])
      expect(await totp.confirmTotp({ ...request, enrollment, code: code() })).toEqual(expired)
    const { enrollment } = await totp.enrollTotp({
      userId: "grace",
      account: "grace",
    })
    expect(await totp.confirmTotp({ ...request, enrollment, code: code() })).toEqual(expired)
    now.advance(hour - 1)
    expect((await totp.confirmTotp({ ...request, code: "000000" })).reason).not.toBe("expired")
    now.advance(1)
    expect(await totp.confirmTotp({ ...request, code: code() })).toEqual(expired)
  })

  test("does not replace an authenticator app unless it is told to", async () => {
    const { totp, enroll, memory } = await setUp()
    const first = await enroll()
    const stored = await memory.findTotp("ada")
    await expect(enroll()).rejects.toThrow("enrolled")
    expect(await memory.findTotp("ada")).toEqual(stored)
    const second = await enroll("ada", { replace: true })
    expect(second.secret).not.toBe(first.secret)
    expect(await memory.findTotp("ada")).not.toEqual(stored)
    expect(await totp.factorsOf("ada")).toEqual(["totp"])
  })

  test("needs no session for a user who was created a moment ago", async () => {
    const { totp, request, code } = await begin()
    const { userId, enrollment } = request
    expect(await totp.confirmTotp({ userId, enrollment, code: code() })).toMatchObject({ proof: { userId: "ada" } })
  })

  test.each([undefined, null, 5])("refuses the session id %j", async (sessionId) => {
    const { totp, request, code } = await begin()
    const confirmed = totp.confirmTotp({
      ...request,
      sessionId: sessionId as never,
      code: code(),
    })
    await expect(confirmed).rejects.toMatchObject({ code: "invalid_option" })
    expect(await totp.factorsOf("ada")).toEqual([])
  })

  test("refuses a session id without an auth", async () => {
    const { totp, request, code } = await begin({ auth: undefined })
    const confirmed = totp.confirmTotp({ ...request, code: code() })
    await expect(confirmed).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("throws user_missing for a user who was deleted", async () => {
    const { totp, memory, request, code } = await begin()
    await memory.deleteUser("ada")
    const { userId, enrollment } = request
    const confirmed = totp.confirmTotp({ userId, enrollment, code: code() })
    await expect(confirmed).rejects.toMatchObject({ code: "user_missing" })
  })

  test("refuses a session that has ended, or is another user's", async () => {
    const { totp, auth, request, code, session } = await begin()
    const other = await auth.createSession("grace")
    const confirm = (sessionId: string) => totp.confirmTotp({ ...request, sessionId, code: code() })
    expect(await confirm(other.session.id)).toEqual({
      proof: null,
      reason: "expired",
    })
    await auth.invalidateSession(session.id)
    expect(await confirm(session.id)).toEqual({
      proof: null,
      reason: "expired",
    })
    expect(await totp.factorsOf("ada")).toEqual([])
  })
})

describe("confirmTotp() while the session ends", () => {
  /** Ends all sessions of `ada` once her authenticator app is stored, and runs what is given. */
  async function endingSessions(meanwhile: (all: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>) {
    const all = await setUp()
    let hasEnded = false
    async function end(isStored: boolean) {
      if (!hasEnded) {
        hasEnded = true
        await meanwhile(all)
        await all.auth.invalidateUserSessions("ada")
      }
      return isStored
    }
    const adapter: typeof all.store = {
      ...all.store,
      insertTotp: async (...row) => end(await all.store.insertTotp(...row)),
      takeStep: async (...row) => end(await all.store.takeStep(...row)),
    }
    return { ...all, ending: all.totp.withAdapter(adapter) }
  }

  async function confirm(
    { ending, auth, now }: Pick<Awaited<ReturnType<typeof endingSessions>>, "ending" | "auth" | "now">,
    replace: boolean,
  ) {
    const { session } = await auth.createSession("ada")
    const { secret, enrollment } = await ending.enrollTotp({
      userId: "ada",
      account: "ada",
    })
    const request = {
      userId: "ada",
      enrollment,
      code: appCode(secret, now()),
      sessionId: session.id,
      replace,
    }
    return { secret, confirmed: await ending.confirmTotp(request) }
  }

  const refused = { proof: null, reason: "expired" }

  test("takes a new authenticator app back", async () => {
    const all = await endingSessions(async () => undefined)
    const { confirmed } = await confirm(all, false)
    expect(confirmed).toEqual(refused)
    expect(await all.totp.factorsOf("ada")).toEqual([])
    expect(all.events).toEqual([])
  })

  test("puts back the one that was replaced, which works again within a minute", async () => {
    const all = await endingSessions(async () => undefined)
    const { secret } = await all.enroll()
    all.now.advance(step)
    const replaced = await confirm(all, true)
    expect(replaced.confirmed).toEqual(refused)
    all.now.advance(2 * step)
    expect(
      await all.totp.verifyTotp({
        userId: "ada",
        code: appCode(replaced.secret, all.now()),
      }),
    ).toBeNull()
    expect(
      await all.totp.verifyTotp({
        userId: "ada",
        code: appCode(secret, all.now()),
      }),
    ).not.toBeNull()
  })

  test("puts it back also if the new one was used meanwhile", async () => {
    let stolen = ""
    const all = await endingSessions(async ({ totp, now }) =>
      totp.verifyTotp({ userId: "ada", code: appCode(stolen, now() + step) }),
    )
    const { secret } = await all.enroll()
    all.now.advance(step)
    const { session } = await all.auth.createSession("ada")
    const enrolled = await all.ending.enrollTotp({
      userId: "ada",
      account: "ada",
    })
    stolen = enrolled.secret
    const code = appCode(stolen, all.now())
    const request = {
      userId: "ada",
      enrollment: enrolled.enrollment,
      code,
      sessionId: session.id,
      replace: true,
    }
    expect(await all.ending.confirmTotp(request)).toEqual(refused)
    all.now.advance(3 * step)
    expect(
      await all.totp.verifyTotp({
        userId: "ada",
        code: appCode(stolen, all.now()),
      }),
    ).toBeNull()
    expect(
      await all.totp.verifyTotp({
        userId: "ada",
        code: appCode(secret, all.now()),
      }),
    ).not.toBeNull()
  })

  test("takes the codes of a new app at once, also right after a code of the one that it replaces", async () => {
    for (const skew of [0, step]) {
      const { totp, enroll, now } = await setUp()
      const { secret: old } = await enroll()
      now.advance(10 * minute)
      expect(await totp.verifyTotp({ userId: "ada", code: appCode(old, now() + skew) })).not.toBeNull()
      const { secret } = await enroll("ada", { replace: true })
      now.advance(step)
      expect(await totp.verifyTotp({ userId: "ada", code: appCode(secret, now()) })).not.toBeNull()
    }
  })

  test("[PRF-6] leaves nothing if the store fails before the session is looked at again", async () => {
    const plain = await setUp()
    const { session } = await plain.auth.createSession("ada")
    let asked = 0
    const getUserSessions = (id: string) =>
      ++asked === 2 ? Promise.reject(new Error("connection lost")) : plain.auth.getUserSessions(id)
    const { totp, events } = await setUp({ auth: { ...plain.auth, getUserSessions } }, plain.memory)
    const { secret, enrollment } = await totp.enrollTotp({ userId: "ada", account: "ada" })
    const code = appCode(secret, plain.now())
    const adding = totp.confirmTotp({ userId: "ada", enrollment, code, sessionId: session.id })
    await expect(adding).rejects.toMatchObject({ code: "store_failed" })
    expect(await plain.memory.findTotp("ada")).toBeNull()
    expect(events).toEqual([])
  })

  test("keeps what the owner did meanwhile: removed it, or set up another one", async () => {
    const removed = await endingSessions(({ totp }) => totp.removeTotp({ userId: "ada" }))
    await removed.enroll()
    expect((await confirm(removed, true)).confirmed).toEqual(refused)
    expect(await removed.totp.factorsOf("ada")).toEqual([])

    let own = ""
    const replaced = await endingSessions(async (all) => (own = (await all.enroll("ada", { replace: true })).secret))
    expect((await confirm(replaced, false)).confirmed).toEqual(refused)
    // A step more than usual: both were set up in the same 30 seconds.
    replaced.now.advance(2 * step)
    expect(
      await replaced.totp.verifyTotp({
        userId: "ada",
        code: appCode(own, replaced.now()),
      }),
    ).not.toBeNull()
  })

  test("keeps what the owner sets up while it is taken back", async () => {
    const all = await endingSessions(async () => undefined)
    let own = ""
    const ending = all.ending.withAdapter({
      ...all.store,
      async insertTotp(...row) {
        const isStored = await all.store.insertTotp(...row)
        await all.auth.invalidateUserSessions("ada")
        return isStored
      },
      async deleteTotp(...row) {
        own = (await all.enroll("ada", { replace: true })).secret
        return all.store.deleteTotp(...row)
      },
    })
    expect((await confirm({ ...all, ending }, false)).confirmed).toEqual(refused)
    all.now.advance(2 * step)
    expect(await all.totp.verifyTotp({ userId: "ada", code: appCode(own, all.now()) })).not.toBeNull()
  })

  test("brings nothing back that was removed before the new one was stored", async () => {
    const all = await setUp()
    await all.enroll()
    all.now.advance(step)
    let isReset = false
    async function reset() {
      if (!isReset) await all.totp.removeTotp({ userId: "ada" })
      isReset = true
      await all.auth.invalidateUserSessions("ada")
    }
    const ending = all.totp.withAdapter({
      ...all.store,
      insertTotp: async (...row) => reset().then(() => all.store.insertTotp(...row)),
      takeStep: async (...row) => reset().then(() => all.store.takeStep(...row)),
    })
    expect((await confirm({ ...all, ending }, true)).confirmed).toEqual(refused)
    expect(await all.totp.factorsOf("ada")).toEqual([])
  })

  test("leaves neither of two that were asked for before a reset and stored after it", async () => {
    const all = await setUp()
    const [isStored, isReplaced] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    async function reset() {
      await all.auth.invalidateUserSessions("ada")
      await all.totp.removeTotp({ userId: "ada" })
    }
    const first = all.totp.withAdapter({
      ...all.store,
      async insertTotp(...row) {
        await reset()
        const stored = await all.store.insertTotp(...row)
        isStored.resolve()
        await isReplaced.promise
        return stored
      },
    })
    let done: Promise<unknown> | undefined
    async function afterFirst(stored: boolean) {
      isReplaced.resolve()
      await done
      return stored
    }
    const second = all.totp.withAdapter({
      ...all.store,
      async takeAttempt(...attempt) {
        done ??= confirm({ ...all, ending: first }, true)
        await isStored.promise
        return all.store.takeAttempt(...attempt)
      },
      insertTotp: async (...row) => afterFirst(await all.store.insertTotp(...row)),
      takeStep: async (...row) => afterFirst(await all.store.takeStep(...row)),
    })
    expect((await confirm({ ...all, ending: second }, true)).confirmed).toEqual(refused)
    expect(await done).toMatchObject({ confirmed: refused })
    expect(await all.totp.factorsOf("ada")).toEqual([])
  })

  test("replaces the one that another call has put there meanwhile", async () => {
    const all = await setUp()
    await all.enroll()
    let isFirst = true
    const racing = all.totp.withAdapter({
      ...all.store,
      async takeStep(...row) {
        if (isFirst) await all.enroll("ada", { replace: true })
        isFirst = false
        return all.store.takeStep(...row)
      },
    })
    const { secret, confirmed } = await confirm({ ...all, ending: racing }, true)
    expect(confirmed.proof).not.toBeNull()
    all.now.advance(3 * step)
    expect(await all.totp.verifyTotp({ userId: "ada", code: appCode(secret, all.now()) })).not.toBeNull()
  })
})

describe("verifyTotp()", () => {
  test("returns a proof that is good while the same authenticator app is there", async () => {
    const { totp, enroll, now } = await setUp()
    const { secret } = await enroll()
    now.advance(step)
    const prove = () => totp.verifyTotp({ userId: "ada", code: appCode(secret, now()) })
    const proof = await prove()
    expect(proof).toEqual({ userId: "ada", method: "totp" })
    const { stillHolds } = spendProof(proof!, "user")
    expect(await stillHolds!()).toBe(true)
    await enroll("ada", { replace: true })
    expect(await stillHolds!()).toBe(false)
    await totp.removeTotp({ userId: "ada" })
    expect(await stillHolds!()).toBe(false)
  })

  test.each([
    [-2, false],
    [-1, true],
    [0, true],
    [1, true],
    [2, false],
  ])("a phone whose clock is %d steps off is accepted: %s", async (skew, isAccepted) => {
    const { totp, enroll, now } = await setUp()
    const { secret } = await enroll()
    now.advance(10 * minute)
    const proof = await totp.verifyTotp({
      userId: "ada",
      code: appCode(secret, now() + skew * step),
    })
    expect(proof !== null).toBe(isAccepted)
  })

  test("accepts no code of a step before one that was used", async () => {
    const { totp, enroll, now } = await setUp()
    const { secret } = await enroll()
    now.advance(10 * minute)
    const verify = (skew: number) =>
      totp.verifyTotp({
        userId: "ada",
        code: appCode(secret, now() + skew * step),
      })
    expect(await verify(1)).not.toBeNull()
    for (const skew of [-1, 0, 1]) expect(await verify(skew)).toBeNull()
  })

  test.each([
    undefined,
    null,
    "",
    "12345",
    "1234567",
    "12a456",
    "1e5000",
    "0x1234",
    123456,
    ["123456"],
    "1".repeat(1e5),
  ])("%j is null, without a store call", async (code) => {
    const { totp, enroll, calls } = await setUp()
    await enroll()
    expect(await totp.verifyTotp({ userId: "ada", code })).toBeNull()
    expect(calls).toEqual([])
  })

  test("reads a code with spaces, dashes, and the digits of other keyboards", async () => {
    const { totp, enroll, now } = await setUp()
    const { secret } = await enroll()
    for (const spell of [
      (code: string) => ` ${code.slice(0, 3)} ${code.slice(3)}\n`,
      (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`,
      (code: string) => code.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
      (code: string) => code.replace(/\d/g, (digit) => String.fromCharCode(0x660 + Number(digit))),
    ]) {
      now.advance(step)
      expect(
        await totp.verifyTotp({
          userId: "ada",
          code: spell(appCode(secret, now())),
        }),
      ).not.toBeNull()
    }
  })

  test("a code of an authenticator app that is replaced meanwhile proves nothing, and does not bring it back", async () => {
    const { totp, store, enroll, now } = await setUp()
    const { secret } = await enroll()
    now.advance(step)
    let own = ""
    const late = totp.withAdapter({
      ...store,
      async takeStep(...used) {
        own = (await enroll("ada", { replace: true })).secret
        now.advance(step)
        const [userId, at, resealed, ifSecret] = used
        return store.takeStep(userId, at + 1, resealed, ifSecret)
      },
    })
    expect(await late.verifyTotp({ userId: "ada", code: appCode(secret, now()) })).toBeNull()
    expect(await totp.verifyTotp({ userId: "ada", code: appCode(own, now()) })).not.toBeNull()
  })

  test("is null for a user without an authenticator app, for whom nothing is written", async () => {
    const { totp, calls } = await setUp()
    for (const userId of ["ada", "nobody"]) expect(await totp.verifyTotp({ userId, code: "123456" })).toBeNull()
    expect(calls).toEqual(["findTotp", "findTotp"])
  })

  test("reports a wrong code and a used one, with no code in the event", async () => {
    const { totp, enroll, events, now } = await setUp()
    const { secret, code } = await enroll()
    await totp.verifyTotp({ userId: "ada", code: wrongCode(secret, now()) })
    await totp.verifyTotp({ userId: "ada", code })
    const event = {
      type: "second_factor_refused",
      at: new Date(now()),
      userId: "ada",
    }
    expect(events).toEqual([
      { ...event, reason: "wrong_code" },
      { ...event, reason: "code_used" },
    ])
  })
})

describe("the attempts of a user", () => {
  test("end after ten in a row, come back one by one, and are another user's no business", async () => {
    const { totp, enroll, events, now } = await setUp()
    const { secret } = await enroll()
    const grace = await enroll("grace")
    now.advance(hour)
    const verify = (code: string) => totp.verifyTotp({ userId: "ada", code })
    for (let n = 0; n < 10; n++) expect(await verify(wrongCode(secret, now()))).toBeNull()
    expect(await verify(appCode(secret, now()))).toBeNull()
    expect(events.at(-1)).toMatchObject({
      type: "throttled",
      userId: "ada",
      reason: "totp",
    })
    expect(
      await totp.verifyTotp({
        userId: "grace",
        code: appCode(grace.secret, now()),
      }),
    ).not.toBeNull()
    now.advance(minute)
    expect(await verify(appCode(secret, now()))).not.toBeNull()
  })

  test("end after a hundred wrong codes, however long the attacker waits between them", async () => {
    const { totp, enroll, now, events } = await setUp()
    const { secret } = await enroll()
    let charged = 0
    for (let n = 0; n < 130; n++) {
      now.advance(minute)
      events.splice(0)
      await totp.verifyTotp({ userId: "ada", code: wrongCode(secret, now()) })
      if (events[0]?.type === "second_factor_refused") charged++
    }
    // One was the code that confirmed.
    expect(charged).toBe(99)
    expect(await totp.verifyTotp({ userId: "ada", code: appCode(secret, now()) })).toBeNull()
    now.advance(day)
    expect(await totp.verifyTotp({ userId: "ada", code: appCode(secret, now()) })).not.toBeNull()
  })

  test("never end for an owner who signs in often", async () => {
    const { totp, enroll, now } = await setUp()
    const { secret } = await enroll()
    for (let n = 0; n < 300; n++) {
      now.advance(step)
      expect(await totp.verifyTotp({ userId: "ada", code: appCode(secret, now()) })).not.toBeNull()
    }
  })

  test("[PRF-8] are not given back to an attacker by the owner's sign-ins", async () => {
    const { totp, enroll, now, events } = await setUp()
    const { secret } = await enroll()
    let guesses = 0
    for (let n = 0; n < 300; n++) {
      now.advance(step)
      await totp.verifyTotp({ userId: "ada", code: wrongCode(secret, now()) })
      if (events.splice(0)[0]?.type === "second_factor_refused") guesses++
      await totp.verifyTotp({ userId: "ada", code: appCode(secret, now()) })
      events.splice(0)
    }
    expect(guesses).toBeLessThanOrEqual(100)
    expect(guesses).toBeGreaterThan(90)
  })

  test("are not given back by a sign-in of the owner during which an attacker goes on guessing", async () => {
    const { totp, store, enroll, now, events } = await setUp()
    const { secret } = await enroll()
    const guess = () => totp.verifyTotp({ userId: "ada", code: wrongCode(secret, now()) })
    for (let n = 0; n < 97; n++) {
      now.advance(minute)
      await guess()
    }
    const hurried = totp.withAdapter({
      ...store,
      async dropAttempts(ids) {
        await store.dropAttempts(ids)
        for (let n = 0; n < 5; n++) await guess()
      },
    })
    expect(await hurried.verifyTotp({ userId: "ada", code: appCode(secret, now()) })).not.toBeNull()
    events.splice(0)
    for (let n = 0; n < 10; n++) await guess()
    expect(events.filter(({ type }) => type === "second_factor_refused").length).toBe(0)
  })

  test("are not given back by a sign-in of the owner, before which an attacker has just guessed", async () => {
    const { totp, store, enroll, now, events } = await setUp()
    const { secret } = await enroll()
    let guesses = 0
    const hurried = totp.withAdapter({
      ...store,
      async takeStep(...taken) {
        for (let n = 0; n < 9; n++) await totp.verifyTotp({ userId: "ada", code: wrongCode(secret, now()) })
        guesses += events.splice(0).filter(({ type }) => type === "second_factor_refused").length
        return store.takeStep(...taken)
      },
    })
    for (let n = 0; n < 40; n++) {
      now.advance(10 * minute)
      await hurried.verifyTotp({ userId: "ada", code: appCode(secret, now()) })
      events.splice(0)
    }
    expect(guesses).toBeLessThanOrEqual(100)
    expect(guesses).toBeGreaterThan(80)
  })

  test("count for confirmTotp() too", async () => {
    const { totp, auth, now } = await setUp()
    const { session } = await auth.createSession("ada")
    const { secret, enrollment } = await totp.enrollTotp({
      userId: "ada",
      account: "ada",
    })
    const request = { userId: "ada", enrollment, sessionId: session.id }
    for (let n = 0; n < 10; n++) await totp.confirmTotp({ ...request, code: wrongCode(secret, now()) })
    const right = await totp.confirmTotp({
      ...request,
      code: appCode(secret, now()),
    })
    expect(right).toEqual({ proof: null, reason: "wrong_code" })
  })

  test("are cleaned up once they have been full for a day", async () => {
    const { totp, enroll, now } = await setUp()
    await enroll()
    expect(await totp.cleanUp()).toBe(0)
    now.advance(2 * day)
    expect(await totp.cleanUp()).toBe(2)
    await expect(totp.cleanUp({ limit: 0 })).rejects.toMatchObject({
      code: "invalid_option",
    })
  })
})

describe("the secrets", () => {
  const [older, newer] = ["an older secret that has at least 32 bytes!", "a newer secret that has at least 32 bytes!"]

  test("seal the key: the row holds it in no spelling", async () => {
    const { enroll, memory } = await setUp()
    const { secret } = await enroll()
    const { secret: sealed } = (await memory.findTotp("ada"))!
    const bytes = Buffer.from(new (await import("otpauth")).TOTP({ secret }).secret.buffer)
    const dump = [sealed, Buffer.from(sealed, "base64url").toString("latin1")].join()
    for (const spelt of [
      secret,
      secret.toLowerCase(),
      ...(["hex", "base64url", "latin1"] as const).map((to) => bytes.toString(to)),
    ])
      expect(dump).not.toContain(spelt)
  })

  test("may be rotated: a key is sealed again when it is used, and then opens without the old one", async () => {
    const { enroll, memory, now, totp } = await setUp({ secrets: [older] })
    const { secret } = await enroll()
    const over = (...all: string[]) => createTotp({ adapter: memory, issuer: "Example", secrets: all, now })
    const code = () => appCode(secret, now.advance(step))
    const proof = await totp.verifyTotp({ userId: "ada", code: code() })
    expect(await over(newer, older).verifyTotp({ userId: "ada", code: code() })).not.toBeNull()
    expect(await over(newer).verifyTotp({ userId: "ada", code: code() })).not.toBeNull()
    // The same seed: the proof holds, for those who can open it.
    await expect(spendProof(proof!, "user").stillHolds!()).rejects.toMatchObject({ code: "store_failed" })
  })

  test("keep the proof of a key that was sealed again", async () => {
    const { enroll, memory, now } = await setUp({ secrets: [older] })
    const { secret } = await enroll()
    const both = createTotp({
      adapter: memory,
      issuer: "Example",
      secrets: [newer, older],
      now,
    })
    const verify = () =>
      both.verifyTotp({
        userId: "ada",
        code: appCode(secret, now.advance(step)),
      })
    const sealed = await memory.findTotp("ada")
    const { stillHolds } = spendProof((await verify())!, "user")
    expect((await memory.findTotp("ada"))?.secret).not.toBe(sealed?.secret)
    expect(await stillHolds!()).toBe(true)
  })

  test("[PRF-9] throw if none opens the key: it is neither a wrong code nor missing", async () => {
    const { enroll, memory, now } = await setUp({ secrets: [older] })
    const { secret } = await enroll()
    const other = createTotp({
      adapter: memory,
      issuer: "Example",
      secrets: [newer],
      now,
    })
    for (const code of [appCode(secret, now.advance(step)), "000000"])
      await expect(other.verifyTotp({ userId: "ada", code })).rejects.toMatchObject({ code: "store_failed" })
    expect(await other.factorsOf("ada")).toEqual(["totp"])
    expect(await other.removeTotp({ userId: "ada" })).toBe(true)
  })

  test.each(["another user", "another realm"])("open no row that was copied to %s", async (to) => {
    const { enroll, memory, now } = await setUp()
    const { secret } = await enroll()
    const realm = to === "another realm" ? "admin" : "user"
    const userId = to === "another realm" ? "ada" : "grace"
    const totp = createTotp({
      adapter: memory,
      issuer: "Example",
      secrets,
      realm,
      now,
    })
    await memory.insertTotp(userId, (await memory.findTotp("ada"))!.secret, 0, true)
    const verified = totp.verifyTotp({
      userId,
      code: appCode(secret, now.advance(step)),
    })
    await expect(verified).rejects.toMatchObject({ code: "store_failed" })
  })

  test("open no enrollment that was put where a key is stored", async () => {
    const { totp, memory, now } = await setUp()
    const { secret, enrollment } = await totp.enrollTotp({
      userId: "ada",
      account: "ada",
    })
    await memory.insertTotp("ada", enrollment, 0, true)
    const verified = totp.verifyTotp({
      userId: "ada",
      code: appCode(secret, now()),
    })
    await expect(verified).rejects.toMatchObject({ code: "store_failed" })
  })
})

describe("createTotp()", () => {
  test("takes an authenticator app away: removeTotp() and resetUser()", async () => {
    const { totp, enroll, events } = await setUp()
    await enroll()
    expect(await totp.removeTotp({ userId: "ada" })).toBe(true)
    expect(await totp.removeTotp({ userId: "ada" })).toBe(false)
    await enroll()
    await totp.resetUser("ada")
    await totp.resetUser("ada")
    expect(await totp.factorsOf("ada")).toEqual([])
    expect(events.map(({ type }) => type)).toEqual(["totp_removed"])
  })

  test("has methods that may be destructured", async () => {
    const { totp, enroll, now } = await setUp()
    const { secret } = await enroll()
    const { verifyTotp } = totp
    expect(
      await verifyTotp({
        userId: "ada",
        code: appCode(secret, now.advance(step)),
      }),
    ).not.toBeNull()
  })

  test.each([
    { issuer: "" },
    { issuer: " " },
    { issuer: "a:b" },
    { issuer: undefined },
    { secrets: [] },
    { secrets: ["short"] },
    { realm: "" },
    { isuer: "Example" },
  ])("refuses %o", async (wrong) => {
    await expect(setUp(wrong as never)).rejects.toMatchObject({
      code: "invalid_option",
    })
  })

  test("refuses an adapter that keeps no authenticators", async () => {
    const { memory } = await setUp()
    const adapter = { ...memory, takeStep: undefined }
    await expect(setUp({ adapter: adapter as never })).rejects.toMatchObject({
      code: "missing_port",
    })
  })

  test("never takes an outage for a wrong code", async () => {
    const { totp, store, enroll, now } = await setUp()
    const { secret } = await enroll()
    for (const method of ["findTotp", "takeAttempt", "takeStep", "dropAttempts"] as const) {
      const failing = totp.withAdapter({
        ...store,
        [method]: () => Promise.reject(new Error("down")),
      })
      const verified = failing.verifyTotp({
        userId: "ada",
        code: appCode(secret, now.advance(step)),
      })
      await expect(verified).rejects.toMatchObject({ code: "store_failed" })
    }
  })
})
