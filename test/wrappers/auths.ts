import type { RequestAuth, SessionFields } from "../../src/core/auth.ts"
import type { AuthEvent } from "../../src/index.ts"
import { createStatelessAuth, memoryRevocations } from "../../src/stateless.ts"
import { manualClock } from "../../src/testing.ts"
import { setUp } from "../core/auth-fixture.ts"

/** An auth as the wrappers see it, with a database or without one. */
export type AnyAuth = RequestAuth<SessionFields<string>, { id: string; username: string }, string, { label?: string }>

/** One kind of auth, ready for `user-1` and `user-2`. */
export interface AuthKind {
  name: string
  /** Whether an ended session is also dead for anyone who kept its token. */
  revokes: boolean
  open(): Promise<{ auth: AnyAuth; now: ReturnType<typeof manualClock>; events: AuthEvent[] }>
}

const names: Record<string, string> = { "user-1": "ada", "user-2": "grace" }
const secrets = [new Uint8Array(32).map((_, n) => n)]

/** Every kind of auth that a wrapper may be given. */
export const authKinds: AuthKind[] = [
  {
    name: "a database",
    revokes: true,
    open: () => setUp(),
  },
  { name: "no database", revokes: false, open: async () => stateless(false) },
  { name: "no database but revocations", revokes: true, open: async () => stateless(true) },
]

function stateless(revokes: boolean) {
  const now = manualClock()
  const events: AuthEvent[] = []
  const auth = createStatelessAuth<{ label?: string }, { username: string }>({
    secrets,
    now,
    onEvent: (event) => events.push(event),
    ...(revokes && { revocations: memoryRevocations({ now }) }),
  })
  // Whose name a stateless session knows is sealed in; here the fixture's two users are enough.
  const naming = (own: typeof auth): AnyAuth => ({
    ...own,
    async validateSession(token) {
      const result = await own.validateSession(token)
      return "reason" in result
        ? result
        : { ...result, user: { ...result.user, username: names[result.user.id] ?? "" } }
    },
    withRequest: (request) => naming(own.withRequest(request)),
  })
  return { auth: naming(auth), now, events }
}
