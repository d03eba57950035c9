import { createHash } from "node:crypto"
import { afterEach, beforeEach, expect, test } from "vitest"
import { Browser, request, startServer } from "./drill-server-process.ts"

const hex = /^[0-9a-f]{64}$/
const authApplication = new URL("drill-server-auth.ts", import.meta.url)
const password = "correct horse ﬁ"
const encodings = ["hex", "base64", "base64url", "latin1"] as const

/** Somebody of Lucia's days. */
interface Person {
  browser: Browser
  cookie: string | null
  /** Whether the session is still good. */
  isIn: boolean
}

/**
 * Declares the drills for one application and one kind of database: from Lucia to the drop-in and back, and on to hashes.
 * `app` tells the module to run, the aliases that put the drop-in behind its imports, the tables, that of sessions first, the users of
 * Lucia's days, and what a `Set-Cookie` looks like. In short only the first is run: the way there and back.
 */
export function drills(app, { open, moveTables, canPause = false, inShort = false }) {
  const drill = inShort ? test.skip : test
  let database
  let servers

  beforeEach(async () => {
    database = await open()
    servers = []
  })
  afterEach(async () => {
    for (const server of servers) await server.stop()
    await database.close()
  })

  test("with clear ids there is a way to the drop-in and back, and nobody notices", async () => {
    let server = await lucia()
    const people = await population(server, app.people)
    await server.stop()

    server = await ours("clear")
    await expectAsBefore(people, server)
    expect(people.due.browser.setCookies).toHaveLength(2)
    expect(app.shape(people.due.browser.setCookies[1])).toBe(app.setCookie(people.due.cookie))
    expect(people.recent.browser.setCookies.map(app.shape)).toEqual([app.setCookie(people.recent.cookie)])
    const mia = await signUp(server, "mia")
    expect(mia.setCookies.map(app.shape)).toEqual([app.setCookie(mia.cookie)])
    const laptop = await signIn(server, "recent", "laptop")
    expect(laptop.setCookies.map(app.shape)).toEqual([app.setCookie(laptop.cookie)])
    const { setCookies } = await people.renewed.browser.post(server, "/signout")
    expect(setCookies).toEqual([people.signedOut.browser.setCookies.at(-1)])
    const { body } = await laptop.visit(server, "/sessions")
    expect(body).toHaveLength(2)
    await laptop.post(server, "/sessions/end", { id: body.find(({ device }) => device === "phone").id })
    await server.stop()

    server = await lucia()
    for (const [browser, name] of [
      [mia, "mia"],
      [laptop, "recent"],
      [people.due.browser, "due"],
      [people.nearlyOver.browser, "nearlyOver"],
    ] as const)
      expect(await browser.who(server)).toBe(name)
    for (const name of ["recent", "renewed", "over", "signedOut", "everywhere"])
      expect(await new Browser(people[name].cookie).who(server), name).toBeNull()
    for (const name of ["mia", "renewed"]) expect(await (await signIn(server, name)).who(server)).toBe(name)
  })

  drill("Lucia and the drop-in with clear ids serve the same users side by side", async () => {
    const both = [await lucia(), await ours("clear")]
    const people = await population(both[0], app.people)
    await Promise.all(insiders(people).flatMap(([name, { cookie }]) => expectVisits(cookie, name, both, 10)))
    const names = ["mia", "ned", "oda", "pit", "quin", "rue"]
    const browsers = await Promise.all(names.map((name, at) => signUp(both[at % 2], name)))
    await Promise.all(browsers.flatMap(({ cookie }, at) => expectVisits(cookie, names[at], both, 4)))

    // Each signs out at one of them, while the other goes on being asked.
    await Promise.all(
      browsers.map(async (browser, at) => {
        const [here, there] = [both[at % 2], both[(at + 1) % 2]]
        const { cookie } = browser
        const asked = Array.from({ length: 8 }, () => new Browser(cookie).who(there))
        await browser.post(here, "/signout")
        for (const name of await Promise.all(asked)) expect([names[at], null]).toContain(name)
        for (const server of both) expect(await new Browser(cookie).who(server)).toBeNull()
      }),
    )
    for (const server of both) await expectAsBefore(people, server)
  })

  drill(
    "rekeyed by two processes at once, nobody is signed out, and no value of the tables signs anybody in",
    async () => {
      const before = await lucia()
      const people = await population(before, app.people)
      await before.stop()

      const both = [await ours("rekey"), await ours("rekey")]
      const good = insiders(people)
      await Promise.all(good.flatMap(([name, { cookie }]) => expectVisits(cookie, name, both, 10)))
      await expectAsBefore(people, both[0])
      const mia = await signUp(both[1], "mia")
      expect(await mia.who(both[0])).toBe("mia")
      await both[0].post("/cron")

      const ids = await storedIds()
      expect(ids).toEqual([...good.map(([, { cookie }]) => sha256(cookie)), sha256(mia.cookie)].toSorted())
      const values = new Set((await storedValues()).flatMap(spellings))
      expect(values.size).toBeGreaterThan(100)
      const others = [await ours("clear"), await ours("hashed")]
      await Promise.all([...both, ...others].map((server) => expectVoid(server, values)))
      // The reason why Lucia must not serve that table any more.
      const back = await lucia()
      for (const id of ids) expect(await signsIn(back, id)).toBe(true)
    },
  )

  drill(
    "while a deployment changes clear to rekey, or back, nobody is signed out, and who signs out stays so",
    async () => {
      const before = await lucia()
      const people = await population(before, app.people)
      await before.stop()

      const both = [await ours("clear"), await ours("rekey")]
      const [clear, rekey] = both
      await Promise.all(insiders(people).flatMap(([name, { cookie }]) => expectVisits(cookie, name, both, 10)))
      const names = ["mia", "ned", "oda", "pit"]
      const browsers = await Promise.all(names.map((name, at) => signUp(both[at % 2], name)))
      const cookies = browsers.map(({ cookie }) => cookie)
      await Promise.all(cookies.flatMap((cookie, at) => expectVisits(cookie, names[at], both, 4)))
      await rekey.stop()
      await expectAsBefore(people, clear)

      const [mia, ned, oda, pit] = browsers
      for (const browser of [mia, ned]) await browser.post(clear, "/signout")
      const { body } = await oda.visit(clear, "/sessions")
      expect(body).toHaveLength(1)
      await oda.post(clear, "/sessions/end", { id: body[0].id })
      // A crash left both rows of this one.
      const dying = await ours("rekey")
      const rue = await signUp(clear, "rue")
      cookies.push(rue.cookie)
      await dying.dieAfter("INSERT INTO")
      await expect(rue.visit(dying)).rejects.toThrow("fetch failed")
      expect((await rue.visit(clear, "/sessions")).body).toHaveLength(1)
      await rue.post(clear, "/signout")

      for (const server of [clear, await ours("rekey"), await ours("hashed")])
        for (const at of [0, 1, 2, 4]) expect(await new Browser(cookies[at]).who(server)).toBeNull()
      expect(await pit.who(clear)).toBe("pit")
    },
  )

  drill(
    "a process killed between the two writes of a move signs nobody out, and everybody can still sign out",
    async () => {
      let server = await lucia()
      const names = ["ann", "ben", "cat", "dan"]
      const browsers: Browser[] = []
      for (const name of names) browsers.push(await signUp(server, name))
      const cookies = browsers.map(({ cookie }) => cookie)
      await server.stop()

      for (const browser of browsers) {
        server = await ours("rekey")
        await server.dieAfter("INSERT INTO")
        await expect(browser.visit(server)).rejects.toThrow("fetch failed")
        await server.ended
      }
      expect(await storedIds()).toEqual([...cookies, ...cookies.map(sha256)].toSorted())

      const both = [await ours("rekey"), await ours("rekey")]
      await Promise.all(cookies.flatMap((cookie, at) => expectVisits(cookie, names[at], both, 10)))
      const [ann, ben, cat, dan] = browsers
      const { body } = await ann.visit(both[0], "/sessions")
      expect(body.map(({ id }) => id)).toEqual([sha256(ann.cookie)])
      await ann.post(both[0], "/signout")
      await ben.post(both[0], "/sessions/end", { id: sha256(ben.cookie) })
      await cat.post(both[0], "/signout/everywhere")

      const others = [await ours("clear"), await ours("hashed"), await lucia()]
      for (const server of [...both, ...others])
        for (const cookie of cookies.slice(0, 3)) expect(await new Browser(cookie).who(server)).toBeNull()
      for (const server of [...both, others[1]]) expect(await dan.who(server)).toBe("dan")
      await both[0].setClock(21 * 86_400_000)
      await both[0].post("/cron")
      expect(await storedIds()).toEqual([])
    },
  )

  // SQLite runs on the thread of the server, which cannot wait there.
  if (canPause)
    drill.each(["the drop-in", ...(app.isV3 ? ["createAuth"] : [])])(
      "who signs out while another server with %s is in the middle of a move is out",
      async (name) => {
        const before = await lucia()
        const browsers: Record<string, Browser> = {}
        for (const end of ["/signout", "/signout/everywhere", "/sessions/end"])
          browsers[end] = await signUp(before, end.replaceAll("/", ""))
        const start = () => (name === "the drop-in" ? ours("rekey") : auth())
        const [here, there] = [await start(), await start()]
        for (const [end, { cookie }] of Object.entries(browsers)) {
          const duringPause = await here.pauseBefore("INSERT INTO")
          const visit = new Browser(cookie).who(here)
          await duringPause(async () => {
            const browser = new Browser(cookie)
            const { body } = await browser.visit(there, "/sessions")
            await browser.post(there, end, { id: body[0].id })
          })
          expect(await visit).toBeNull()
          for (const server of [here, there, before]) expect(await new Browser(cookie).who(server), end).toBeNull()
        }
        expect(await storedIds()).toEqual([])
      },
    )

  drill("processes that are killed again and again while they move sessions lose nobody", async () => {
    const before = await lucia()
    const names = Array.from({ length: 12 }, (_, at) => `user-${at}`)
    const cookies: (string | null)[] = []
    for (const name of names) cookies.push((await signUp(before, name)).cookie)
    await before.stop()

    let left = cookies
    for (let round = 0; round < 5 && left.length > 0; round++) {
      const server = await ours("rekey")
      const visits = left.map((cookie) => new Browser(cookie).who(server))
      await Promise.any(visits)
      await Promise.all([server.kill(), Promise.allSettled(visits)])
      const ids = await storedIds()
      left = cookies.filter((cookie) => !ids.includes(sha256(cookie)))
    }
    expect(left.length).toBeLessThanOrEqual(7)

    const both = [await ours("rekey"), await ours("rekey")]
    await Promise.all(cookies.flatMap((cookie, at) => expectVisits(cookie, names[at], both, 2)))
    const [ended, kept] = [cookies.slice(0, 6), cookies.slice(6)]
    await Promise.all(ended.map((cookie, at) => new Browser(cookie).post(both[at % 2], "/signout")))
    for (const server of [...both, await ours("clear"), await lucia()])
      for (const cookie of ended) expect(await new Browser(cookie).who(server)).toBeNull()
    for (const cookie of kept) expect(await new Browser(cookie).who(both[0])).not.toBeNull()
  })

  drill("what a dump that was stolen in Lucia's days can do, step by step", async () => {
    let server = await lucia()
    const names = ["moved", "signedOut", "everywhere", "away"]
    const people: Record<string, Browser> = {}
    for (const name of names) people[name] = await signUp(server, name)
    const dump = Object.fromEntries(names.map((name) => [name, people[name].cookie]))
    const thief = (name) => new Browser(dump[name]).who(server)
    expect(await storedIds()).toEqual(Object.values(dump).toSorted())
    await server.stop()

    // clear: it is as good as the cookies, as with Lucia.
    server = await ours("clear")
    for (const name of names) expect(await thief(name)).toBe(name)
    await server.stop()

    // rekey: and so it stays, because a move does not change what the cookie holds.
    server = await ours("rekey")
    for (const name of names.slice(0, 3)) {
      expect(await people[name].who(server)).toBe(name)
      expect(await thief(name)).toBe(name)
    }
    // A dump of now is good for those only who have not come by.
    const later = await storedIds()
    expect(later.filter((id) => !hex.test(id))).toEqual([dump.away])
    for (const id of later.filter((id) => hex.test(id))) expect(await new Browser(id).who(server)).toBeNull()
    // A session that its user ends is also over for a thief.
    await people.signedOut.post(server, "/signout")
    await people.everywhere.post(server, "/signout/everywhere")
    for (const name of ["signedOut", "everywhere"]) expect(await thief(name)).toBeNull()
    await server.stop()

    // hashed: who never came by is out, and so is the thief. The session that was moved is still theirs both.
    server = await ours("hashed")
    expect(await people.away.who(server)).toBeNull()
    expect(await thief("away")).toBeNull()
    expect(await people.moved.who(server)).toBe("moved")
    expect(await thief("moved")).toBe("moved")
    // To sign in again does not end it; to sign out everywhere does.
    const again = await signIn(server, "moved")
    expect(await thief("moved")).toBe("moved")
    await again.post(server, "/signout/everywhere")
    expect(await thief("moved")).toBeNull()
    expect(await (await signIn(server, "moved")).who(server)).toBe("moved")
  })

  if (app.isV3)
    drill("over Lucia's own table createAuth takes every cookie, and puts its own token in its place", async () => {
      const before = await lucia()
      const people = await population(before, app.people)
      await before.stop()
      const between = await ours("rekey")
      for (const name of ["recent", "due"]) expect(await people[name].browser.who(between)).toBe(name)
      await between.stop()

      const both = [await auth(), await auth()]
      for (const [name, { isIn, cookie }] of Object.entries(people)) {
        if (!isIn) expect(await new Browser(cookie).who(both[0]), name).toBeNull()
        else people[name].browser = await expectOneToken(cookie, name, both)
      }
      const good = insiders(people)
      const ids = await storedIds()
      // With the one that is over.
      expect(ids).toHaveLength(good.length + 1)
      expect(ids).toEqual(expect.arrayContaining(good.map(([, { browser }]) => sha256(browser.cookie))))

      // A dump from now signs nobody in, but an older one does, because a cookie's replacement is derived from it.
      const values = new Set((await storedValues()).flatMap(spellings))
      await Promise.all(both.map((server) => expectVoid(server, values)))
      const { recent, due, renewed, nearlyOver } = people
      for (const [name, { cookie }] of good) expect(await new Browser(cookie).who(both[0])).toBe(name)
      // A rotation voids it, and so does every end of the session, whichever of the two cookies ends it.
      await recent.browser.post(both[0], "/rotate")
      await due.browser.post(both[0], "/signout")
      await new Browser(renewed.cookie).post(both[0], "/signout")
      await nearlyOver.browser.post(both[0], "/signout/everywhere")
      for (const server of both) {
        for (const [name, { cookie }] of good) expect(await new Browser(cookie).who(server), name).toBeNull()
        for (const { browser } of [due, renewed, nearlyOver]) expect(await browser.who(server)).toBeNull()
        expect(await recent.browser.who(server)).toBe("recent")
      }
      const again = await signIn(both[0], "due")
      expect(await again.who(both[1])).toBe("due")
      // There is a way back to the drop-in, for those whose cookie has been replaced.
      for (const server of [await ours("rekey"), await ours("hashed")]) {
        expect(await again.who(server)).toBe("due")
        expect(await recent.browser.who(server)).toBe("recent")
      }
    })

  if (app.isV3)
    drill(
      "createAuth that is killed between the two writes of a move signs nobody out, and everybody can sign out",
      async () => {
        let server = await lucia()
        const names = ["ann", "ben", "cat", "dan", "eve"]
        const cookies: (string | null)[] = []
        for (const name of names) cookies.push((await signUp(server, name)).cookie)
        await server.stop()
        server = await ours("rekey")
        expect(await new Browser(cookies[4]).who(server)).toBe("eve")
        await server.stop()

        for (const cookie of cookies) {
          server = await auth()
          await server.dieAfter("INSERT INTO")
          await expect(new Browser(cookie).visit(server)).rejects.toThrow("fetch failed")
          await server.ended
        }
        expect(await storedIds()).toHaveLength(10)

        const both = [await auth(), await auth()]
        const browsers = await Promise.all(cookies.map((cookie, at) => expectOneToken(cookie, names[at], both)))
        const [ann, ben, , , eve] = browsers
        const { body } = await ben.visit(both[0], "/sessions")
        expect(body.map(({ id }) => id)).toEqual([sha256(ben.cookie)])
        await ann.post(both[0], "/signout")
        await ben.post(both[0], "/sessions/end", { id: sha256(ben.cookie) })
        await new Browser(cookies[2]).post(both[0], "/signout")
        await new Browser(cookies[3]).post(both[0], "/signout/everywhere")
        // A hash does not show which new token it became, so it lists as one more session of a browser with Lucia's cookie.
        expect((await eve.visit(both[0], "/sessions")).body).toHaveLength(2)
        await new Browser(eve.cookie).post(both[0], "/signout")
        const eveAgain = new Browser(cookies[4])
        expect(await eveAgain.who(both[1])).toBe("eve")
        await eveAgain.post(both[1], "/signout/everywhere")

        for (const server of [...both, await ours("clear"), await ours("rekey"), await lucia()])
          for (const browser of [...browsers, ...cookies.map((cookie) => new Browser(cookie))])
            expect(await browser.who(server)).toBeNull()
        expect(await storedIds()).toEqual([])
      },
    )

  drill("in tables of its own createAuth knows every cookie and password, and hashes the passwords again", async () => {
    const before = await lucia()
    const people = await population(before, app.people)
    await before.stop()
    const between = await ours("rekey")
    for (const name of ["recent", "due"]) expect(await people[name].browser.who(between)).toBe(name)
    await between.stop()
    for (const statement of moveTables) await database.run(statement)

    const both = [await ownAuth(), await ownAuth()]
    for (const [name, { isIn, cookie }] of Object.entries(people)) {
      if (!isIn) expect(await new Browser(cookie).who(both[0]), name).toBeNull()
      else people[name].browser = await expectOneToken(cookie, name, both)
    }
    const values = new Set((await storedValues(Object.values(app.ownTables))).flatMap(spellings))
    await Promise.all(both.map((server) => expectVoid(server, values)))

    const hashOf = async (name) => {
      const id = `username:${name.toLowerCase()}`
      const [key] = await database.run(`SELECT hashed_password FROM ${app.ownTables.key} WHERE id = ?`, id)
      return key.hashed_password
    }
    for (const name of Object.keys(people)) {
      expect(await hashOf(name)).not.toMatch(/argon2/)
      const wrong = await new Browser().visit(both[0], "/signin", { username: name, password: "wrong horse" })
      expect(wrong.status).toBe(400)
      expect(await (await signIn(both[0], name)).who(both[1])).toBe(name)
      expect(await hashOf(name)).toMatch(/^\$argon2id\$/)
      expect(await (await signIn(both[1], name)).who(both[0])).toBe(name)
    }
    await people.recent.browser.post(both[0], "/rotate")
    expect(await new Browser(people.recent.cookie).who(both[1])).toBeNull()
    expect(await people.recent.browser.who(both[1])).toBe("recent")
  })

  async function auth() {
    return started(await startServer(authApplication, { database }))
  }

  async function ownAuth() {
    const env = { DRILL_TABLES: JSON.stringify(app.ownTables) }
    return started(await startServer(authApplication, { database, env }))
  }

  // Many requests with one of Lucia's cookies, at once and at each server, which all get the same token in its place.
  async function expectOneToken(cookie, name, servers) {
    const browsers = Array.from({ length: 20 }, () => new Browser(cookie))
    await Promise.all(browsers.map(async (one, at) => expect(await one.who(servers[at % 2])).toBe(name)))
    const [browser] = browsers
    expect(browser.cookie).toMatch(/^[a-z2-7]{32}$/)
    expect(new Set(browsers.map((one) => one.cookie))).toEqual(new Set([browser.cookie]))
    for (const server of servers) expect(await browser.who(server)).toBe(name)
    expect(browser.setCookies).toHaveLength(1)
    return browser
  }

  async function lucia() {
    return started(await startServer(app.file, { database }))
  }

  async function ours(storedIds) {
    return started(await startServer(app.file, { database, aliases: app.dropIn, env: { DRILL_STORED_IDS: storedIds } }))
  }

  function started(server) {
    servers.push(server)
    return server
  }

  async function storedIds() {
    const rows = await database.run(`SELECT id FROM ${app.tables[0]}`)
    return rows.map(({ id }) => id).toSorted()
  }

  async function storedValues(tables = app.tables) {
    const rows = await Promise.all(tables.map((table) => database.run(`SELECT * FROM "${table}"`)))
    return rows.flat().flatMap((row) => Object.values(row))
  }
}

// The users of Lucia's days, with a session each. Times are in milliseconds before now.
export async function population(server, plan) {
  const people: Record<string, Person> = {}
  for (const { name, signedIn, used, isIn } of plan) {
    await server.setClock(-signedIn)
    const browser = await signUp(server, name)
    people[name] = { browser, isIn, cookie: browser.cookie }
    if (used === undefined) continue
    await server.setClock(-used)
    expect((await browser.visit(server)).body.fresh).toBe(true)
  }
  await people.signedOut.browser.post(server, "/signout")
  await people.everywhere.browser.post(server, "/signout/everywhere")
  await server.setClock(0)
  return people
}

export function insiders(people: Record<string, Person>) {
  return Object.entries(people).filter(([, { isIn }]) => isIn)
}

async function expectAsBefore(people: Record<string, Person>, server) {
  for (const [name, { browser, cookie, isIn }] of Object.entries(people)) {
    if (isIn) expect(await browser.who(server), name).toBe(name)
    expect(await new Browser(cookie).who(server), name).toBe(isIn ? name : null)
  }
}

export async function signUp(server, username, device = "phone") {
  const browser = new Browser()
  await browser.post(server, "/signup", { username, password, device })
  return browser
}

export async function signIn(server, username, device = "phone") {
  const browser = new Browser()
  await browser.post(server, "/signin", { username, password, device })
  return browser
}

// As many requests with one cookie, at once and at each server.
export function expectVisits(cookie, username, servers, count) {
  return servers.flatMap((server) =>
    Array.from({ length: count }, async () => expect(await new Browser(cookie).who(server)).toBe(username)),
  )
}

async function expectVoid(server, values) {
  for (const value of values) expect(await signsIn(server, value), value).toBe(false)
}

export async function signsIn(server, value) {
  const asCookie = await request(server, "/", { Cookie: `auth_session=${encodeURIComponent(value)}` })
  const asBearer = await request(server, "/", { Authorization: `Bearer ${value.replace(/[^\x20-\x7e]/g, "")}` })
  return asCookie.status === 200 || asBearer.status === 200
}

// A value of the tables, and what it may be the spelling of, or be spelt as.
export function spellings(value) {
  const text = value instanceof Date ? value.toISOString() : String(value)
  const bytes = [Buffer.from(text), ...(/^([0-9a-f]{2})+$/.test(text) ? [Buffer.from(text, "hex")] : [])]
  return [text, text.toUpperCase(), ...bytes.flatMap((one) => encodings.map((name) => one.toString(name)))]
}

export function sha256(text) {
  return createHash("sha256").update(text).digest("hex")
}
