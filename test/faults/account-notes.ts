import type { AccountStage, HandedOut } from "./account-stage.ts"

/** Remembers that sessions were revoked: those that were handed out by now and are covered. */
export function revoke(stage: AccountStage, began: number, covers: (session: HandedOut) => boolean): void {
  const covered = new Set(stage.sessions.filter(covers))
  stage.revoked.push({ began, ended: stage.tick(), covers: (session) => covered.has(session) })
}

/** Remembers that a secret was accepted. */
export function accept(stage: AccountStage, secret: string, began: number): void {
  const spans = stage.accepted.get(secret) ?? []
  stage.accepted.set(secret, [...spans, { began, ended: stage.tick() }])
}

/** Chooses a session that is to be kept, every other time. */
export function exceptOf(stage: AccountStage, a: number, b: number): HandedOut | undefined {
  return b % 2 ? pick(stage.sessions, a) : undefined
}

/** Returns whether keys of this provider have passwords. */
export function hasPasswords({ providerId }: { providerId: string }): boolean {
  return providerId !== "github"
}

/** Chooses one of several, if there are any. */
export function pick<Item>(items: Item[], number: number): Item | undefined {
  return items[number % items.length]
}
