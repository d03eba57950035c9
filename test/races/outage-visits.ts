import { setTimeout as sleep } from "node:timers/promises"
import { createAuth } from "../../src/core/create-auth.ts"
import { isAuthError } from "../../src/core/errors.ts"
import type { AuthEvent } from "../../src/core/events.ts"
import type { SessionAdapter, UserId } from "../../src/core/ports.ts"
import type { TestSession, TestUser } from "../adapters/sql-stores.ts"

type Outcome = "signedIn" | "failed" | "wrong"

/** Where an application keeps its sessions, named for messages. */
export interface VisitedStore {
  name: string
  adapter: SessionAdapter<TestUser, TestSession>
}

/** Starts an application where browsers ask again and again for a session that is alive, and for one signed out. */
export async function openApplication({ name, adapter }: VisitedStore, userId: UserId, browsers: number) {
  const events: string[] = []
  const auth = createAuth({ adapter, onEvent: noteEvent })
  function noteEvent(event: AuthEvent): void {
    if (!(event.type === "session_rejected" && event.reason === "unknown")) events.push(event.type)
  }
  const { token } = await auth.createSession(userId)
  const { token: ended, session } = await auth.createSession(userId)
  await auth.invalidateSession(session.id)

  const zero = () => ({ signedIn: 0, failed: 0, wrong: 0 })
  const counts = { before: zero(), outage: zero(), recovery: zero(), after: zero() }
  const phase: { name: keyof typeof counts } = { name: "before" }
  const end = new AbortController()

  async function visit(): Promise<void> {
    const begun = phase.name
    const outcomes = await Promise.all([
      outcomeOf(async () => (await auth.validateSession(token)).session !== null),
      outcomeOf(async () => (await auth.validateSession(ended)).session === null),
    ])
    // A call that starts in one phase and ends in another may have the outcome of either.
    for (const outcome of outcomes) counts[phase.name === begun || outcome === "wrong" ? begun : "recovery"][outcome]++
  }
  async function keepVisiting(): Promise<void> {
    while (!end.signal.aborted) {
      await visit()
      await sleep(30)
    }
  }
  const visitors = Promise.all(Array.from({ length: browsers }, keepVisiting))
  return {
    name,
    phase,
    async finish() {
      end.abort()
      await visitors
      return { counts, events }
    },
  }
}

async function outcomeOf(isRight: () => Promise<boolean>): Promise<Outcome> {
  try {
    return (await isRight()) ? "signedIn" : "wrong"
  } catch (error) {
    return isAuthError(error) && error.code === "store_failed" ? "failed" : "wrong"
  }
}
