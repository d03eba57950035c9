import { createAuth } from "nightlatch"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { pbkdf2 } from "nightlatch/password"
import { createUsers, normalizeEmail, normalizeUsername } from "nightlatch/users"
import { equal, match } from "./expect.mjs"

const password = "correct horse battery"

export const users = {
  async "signs up, and in"() {
    const { auth, users, attempt } = await signUp()
    const signedIn = await users.signInWithPassword(auth, attempt)
    equal((await auth.validateSession(signedIn.token)).user.id, signedIn.session.userId)
    match(signedIn.session.userId, /^[a-z2-7]{16}$|^[0-9a-f-]{36}$/)
    equal(await users.getUser(signedIn.session.userId), { username: "Ada", id: signedIn.session.userId })
  },

  async "a wrong password and an unknown user are refused alike"() {
    const { auth, users, attempt } = await signUp()
    equal(await users.signInWithPassword(auth, { ...attempt, password: "wrong horse" }), null)
    equal(await users.signInWithPassword(auth, { ...attempt, providerUserId: "grace" }), null)
    equal(await users.signInWithPassword(auth, { ...attempt, password: undefined }), null)
  },

  async "another spelling of a name is the same name"() {
    const { users, attempt } = await signUp()
    equal((await users.verifyPassword({ ...attempt, providerUserId: "ＡＤＡ" })) === null, false)
    const { reason } = await users.createUser({ key: { ...attempt, providerUserId: "aDA" }, attributes: {} })
    equal(reason, "key_taken")
  },

  async "names and addresses are normalized by Unicode's rules"() {
    equal(normalizeUsername("Ｓtraße\u200b"), "straße")
    equal(normalizeEmail("Ada@Bücher.Example"), "ada@xn--bcher-kva.example")
    equal(normalizeEmail("not an address"), null)
  },

  async "common and short passwords are refused"() {
    const { users, attempt } = setUp()
    for (const [weak, reason] of [
      ["password", "password_common"],
      ["short", "password_too_short"],
      ["\ud800 is half a pair", "password_invalid"],
    ]) {
      equal((await users.createUser({ key: { ...attempt, password: weak }, attributes: {} })).reason, reason)
    }
  },

  async "a new password ends the user's other sessions"() {
    const { auth, users, attempt, id } = await signUp()
    const [kept, ended] = [await auth.createSession(id), await auth.createSession(id)]
    const change = { userId: id, password: "another horse battery" }
    equal(await users.updateUserPassword(change, { except: kept.session.id }), { updated: true })
    equal((await auth.validateSession(kept.token)).user.id, id)
    equal((await auth.validateSession(ended.token)).session, null)
    equal(await users.verifyPassword(attempt), null)
    equal((await users.verifyPassword({ ...attempt, password: change.password })) === null, false)
  },

  async "keys are added, renamed and deleted, but for the last one"() {
    const { users, id } = await signUp()
    const email = { userId: id, providerId: "email", providerUserId: "ada@example.com" }
    equal((await users.createKey(email)).key.hasPassword, true)
    equal(await users.renameKey(email, "Ada@Example.org"), { renamed: true })
    equal((await users.getUserKeys(id)).length, 2)
    equal(await users.deleteKey({ ...email, providerUserId: "ada@example.org" }), { deleted: true })
    const last = { userId: id, providerId: "username", providerUserId: "ada" }
    equal(await users.deleteKey(last), { deleted: false, reason: "last_key" })
  },

  async "a user who is deleted is gone, with keys and sessions"() {
    const { auth, users, attempt, id } = await signUp()
    const { token } = await auth.createSession(id)
    await users.deleteUser(id)
    equal([await users.getUser(id), await users.verifyPassword(attempt)], [null, null])
    equal((await auth.validateSession(token)).session, null)
  },
}

function setUp() {
  const adapter = memoryAdapter()
  const users = createUsers({ adapter, passwordHasher: pbkdf2() })
  const attempt = { providerId: "username", providerUserId: "Ada", password }
  return { adapter, users, attempt, auth: createAuth({ adapter }) }
}

async function signUp() {
  const made = setUp()
  const { user } = await made.users.createUser({ key: made.attempt, attributes: { username: "Ada" } })
  return { ...made, id: user.id }
}
