import { budget, codeAttempts, lifetimes, liveLinks, pendingAttempts } from "./world.ts"

/** What each secret that was handed out must be worth, kept as plainly as it can be: lists, and no store. */
export interface Model {
  now: number
  users: ModelUser[]
  sessions: ModelSession[]
  links: ModelLink[]
  codes: ModelCode[]
  pendings: ModelPending[]
  /** By key: when the budget is full again. */
  budgets: Map<string, number>
}

export interface ModelUser {
  id: string
  name: string
  password: string
  hasFactor: boolean
  isGone: boolean
}

export interface ModelSession {
  token: string
  id: string
  user: ModelUser
  createdAt: number
  expiresAt: number
  methods: string[]
  isOver: boolean
}

export interface ModelLink {
  token: string
  purpose: "link" | "other"
  user: ModelUser
  expiresAt: number
  isOver: boolean
}

export interface ModelCode {
  handle: string
  code: string
  user: ModelUser
  expiresAt: number
  tries: number
  isOver: boolean
}

export interface ModelPending {
  pending: string
  user: ModelUser
  expiresAt: number
  tries: number
  isOver: boolean
}

export function createModel(now: number): Model {
  return { now, users: [], sessions: [], links: [], codes: [], pendings: [], budgets: new Map() }
}

export function isSessionLive(model: Model, session: ModelSession): boolean {
  const end = Math.min(session.expiresAt, session.createdAt + lifetimes.absolute)
  return !session.isOver && !session.user.isGone && model.now < end
}

/** Validates a session: at half of the idle timeout or less it moves the deadline. */
export function validated(model: Model, session: ModelSession): ModelSession | null {
  if (!isSessionLive(model, session)) return null
  if (session.expiresAt <= model.now + lifetimes.idle / 2) {
    const next = Math.min(model.now + lifetimes.idle, session.createdAt + lifetimes.absolute)
    if (next - session.expiresAt >= 1000) session.expiresAt = next
  }
  return session
}

export function newSession(model: Model, user: ModelUser, made: Pick<ModelSession, "token" | "id" | "methods">): void {
  model.sessions.push({
    ...made,
    user,
    createdAt: model.now,
    expiresAt: model.now + lifetimes.idle,
    isOver: false,
  })
}

/** Gives a session another token: the earlier one is over, the deadline moves. */
export function rotated(
  model: Model,
  session: ModelSession,
  made: Pick<ModelSession, "token" | "id" | "methods">,
): void {
  session.isOver = true
  const expiresAt = Math.min(model.now + lifetimes.idle, session.createdAt + lifetimes.absolute)
  model.sessions.push({ ...session, ...made, expiresAt, isOver: false })
}

export function endSessions(model: Model, user: ModelUser, exceptId?: string): void {
  for (const session of model.sessions) if (session.user === user && session.id !== exceptId) session.isOver = true
}

/** What a clean-up deletes: sessions that expired a day ago. */
export function forgetExpired({ now, sessions }: Model): void {
  for (const session of sessions) if (session.expiresAt <= now - 86_400_000) session.isOver = true
}

/** A new password, a new name and a deletion end what was handed out before. */
export function endSecrets(model: Model, user: ModelUser): void {
  for (const each of [...model.links, ...model.codes, ...model.pendings]) if (each.user === user) each.isOver = true
}

export function newLink(model: Model, link: Omit<ModelLink, "expiresAt" | "isOver">): void {
  model.links.push({ ...link, expiresAt: model.now + lifetimes.link, isOver: false })
  const same = model.links.filter((each) => each.user === link.user && each.purpose === link.purpose && !each.isOver)
  for (const older of same.slice(0, -liveLinks)) older.isOver = true
}

export function isLinkLive(model: Model, link: ModelLink): boolean {
  return !link.isOver && !link.user.isGone && model.now < link.expiresAt
}

export function newCode(model: Model, code: Pick<ModelCode, "handle" | "code" | "user">): void {
  model.codes.push({ ...code, expiresAt: model.now + lifetimes.code, tries: 0, isOver: false })
}

/** Counts a try, and says whether the code was accepted. */
export function triedCode(model: Model, code: ModelCode, isRight: boolean): boolean {
  if (code.isOver || code.user.isGone || code.tries >= codeAttempts) return false
  code.tries++
  if (!isRight) return false
  // It is used up also when it was late.
  code.isOver = true
  return model.now < code.expiresAt
}

export function newPending(model: Model, user: ModelUser, pending: string): void {
  model.pendings.push({ pending, user, expiresAt: model.now + lifetimes.pending, tries: 0, isOver: false })
}

/** Counts a try, and says whether the sign-in was finished. */
export function triedPending(model: Model, pending: ModelPending, isRight: boolean): boolean {
  if (!isPendingLive(model, pending)) return false
  pending.tries++
  if (isRight) pending.isOver = true
  return isRight
}

export function isPendingLive(model: Model, pending: ModelPending): boolean {
  const { isOver, user, tries, expiresAt } = pending
  return !isOver && !user.isGone && tries < pendingAttempts && model.now < expiresAt
}

/** Takes an attempt from a budget (GCRA). */
export function takenAttempt(model: Model, key: string): boolean {
  const cost = budget.window / budget.limit
  const until = Math.max(model.budgets.get(key) ?? 0, model.now) + cost
  if (until > model.now + budget.window) return false
  model.budgets.set(key, until)
  return true
}
