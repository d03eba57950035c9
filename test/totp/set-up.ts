import { TOTP } from "otpauth"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createAuth } from "../../src/index.ts"
import type { AuthEvent } from "../../src/index.ts"
import { manualClock } from "../../src/testing.ts"
import { createTokens } from "../../src/tokens.ts"
import { createRecoveryCodes, createTotp } from "../../src/totp.ts"
import type { TotpOptions } from "../../src/totp.ts"
import { recordCalls } from "../sign-in/set-up.ts"

export interface UserRow {
  id: string
  username: string
}

export const second = 1000
export const step = 30 * second
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

export const secrets = ["a secret for tests that has at least 32 bytes"]

/** Where authenticators, sessions and tokens live in these tests. */
export type TestStore = ReturnType<typeof memoryAdapter<UserRow>>

/** The code that an authenticator app shows for a key at a time. */
export function appCode(secret: string, at: number): string {
  return new TOTP({ secret }).generate({ timestamp: at })
}

/** Six digits that are none of the codes that are accepted at a time. */
export function wrongCode(secret: string, at: number): string {
  const right = [-step, 0, step].map((skew) => appCode(secret, at + skew))
  return ["000000", "111111", "222222", "333333"].find((code) => !right.includes(code))!
}

/** Authenticator apps and recovery codes over a store with the users `ada` and `grace`, who have neither yet. */
export async function setUp(changes: Partial<TotpOptions<UserRow>> = {}, memory = memoryAdapter<UserRow>()) {
  const now = manualClock()
  const events: AuthEvent[] = []
  const calls: string[] = []
  const onEvent = (event: AuthEvent) => void events.push(event)
  for (const id of ["ada", "grace"]) await memory.insertUser({ id, attributes: { username: id } }, null)
  const store: TestStore = recordCalls(memory, calls)
  const auth = createAuth({ adapter: memory, now })
  const totp = createTotp<UserRow>({ adapter: store, auth, issuer: "Example", secrets, onEvent, now, ...changes })
  const tokens = createTokens({ adapter: store, purposes: {}, now })
  const recovery = createRecoveryCodes({ tokens, onEvent, now })

  /** Sets an authenticator app up as an honest user does. The code of the present 30 seconds is used by that. */
  async function enroll(userId = "ada", options: { replace?: boolean } = {}) {
    const { session } = await auth.createSession(userId)
    const { secret, enrollment } = await totp.enrollTotp({ userId, account: userId })
    const code = appCode(secret, now())
    const confirmed = await totp.confirmTotp({ userId, enrollment, code, sessionId: session.id, ...options })
    if (!confirmed.proof) throw new Error(`The authenticator app was not added: ${confirmed.reason}`)
    events.splice(0)
    calls.splice(0)
    return { session, secret, enrollment, code, proof: confirmed.proof }
  }

  return { memory, store, auth, totp, tokens, recovery, events, calls, now, enroll }
}
