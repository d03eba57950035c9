import { memoryAdapter } from "../../adapters/memory.ts"
import { createAuth } from "../../src/index.ts"
import type { AuthEvent, UserId } from "../../src/index.ts"
import { createPasskeys } from "../../src/passkeys.ts"
import type { Passkeys, PasskeysOptions } from "../../src/passkeys.ts"
import { manualClock } from "../../src/testing.ts"
import { createAuthenticator } from "./authenticator.ts"
import type { AuthenticatorOptions, Knobs } from "./authenticator.ts"

export interface UserRow {
  id: string
  username: string
}

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute

export const site = {
  rpId: "example.com",
  rpName: "Example",
  origins: ["https://example.com", "https://app.example.com"],
  secrets: ["a secret for tests that has at least 32 bytes"],
}

export const makeStore = () => memoryAdapter<UserRow>()
export type TestStore = ReturnType<typeof makeStore>

/** Passkeys over a store with the users `ada` and `grace`, who have no passkey yet. */
export async function setUp(changes: Partial<PasskeysOptions<UserRow>> = {}, store: TestStore = makeStore()) {
  const now = manualClock()
  const events: AuthEvent[] = []
  const onEvent = (event: AuthEvent) => void events.push(event)
  for (const id of ["ada", "grace"]) await store.insertUser({ id, attributes: { username: id } }, null)
  const auth = createAuth({ adapter: store, now })
  const passkeys = createPasskeys<UserRow>({ adapter: store, auth, ...site, onEvent, now, ...changes })

  /** Registers a passkey of a user as an honest browser does, and returns the authenticator that has it. */
  async function enroll(userId = "ada", options: AuthenticatorOptions = {}) {
    const authenticator = createAuthenticator(options)
    const { session } = await auth.createSession(userId)
    const newPasskey = await register(passkeys, authenticator, userId)
    const passkey = await passkeys.addPasskey(newPasskey!, { sessionId: session.id })
    if (!passkey) throw new Error("The passkey was not added.")
    events.splice(0)
    return { authenticator, passkey, session, credential: authenticator.credentials[0]! }
  }

  return { store, auth, passkeys, events, now, enroll }
}

type Authenticator = ReturnType<typeof createAuthenticator>

/** Asks for options and answers them. */
export async function register<Id extends UserId>(
  passkeys: Passkeys<Id>,
  authenticator: Authenticator,
  userId?: Id,
  knobs?: Knobs,
) {
  const { options, handle } = await passkeys.registrationOptions({ ...(userId && { userId }), name: "ada" })
  return passkeys.verifyRegistration({ handle, response: await authenticator.register(options, knobs) })
}

/** Asks for options and answers them. */
export async function signIn<Id extends UserId>(
  passkeys: Passkeys<Id>,
  authenticator: Authenticator,
  userId?: Id,
  knobs?: Knobs,
) {
  const { options, handle } = await passkeys.signInOptions(userId ? { userId } : {})
  return passkeys.verifyPasskey({ handle, response: await authenticator.signIn(options, knobs) })
}
