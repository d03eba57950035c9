import { appCode } from "../totp/set-up.ts"
import { idOf } from "./account-stage.ts"
import type { AccountStage, Addition, HandedOut, NewPassword, Span } from "./account-stage.ts"

/** What is there once everything has come to rest. */
interface Rest {
  live: HandedOut[]
  /** The names of the keys, and of each the name that it was added under. */
  keys: { id: string; origin: string }[]
  /** The password of each password key; `null` where none fits. */
  passwords: (string | null)[]
  devices: string[]
  hasApp: boolean
  name: string | undefined
}

/** Lists what is broken of the invariants, once everything has come to rest. */
export async function checkAccount(stage: AccountStage): Promise<string[]> {
  const rest = await lookAt(stage)
  return [
    ...checkSessions(stage, rest),
    ...checkPasswords(stage, rest),
    ...checkColumns(stage, rest),
    ...(await checkSecrets(stage)),
    ...(await checkAdditions(stage, rest)),
    ...(await checkDeletion(stage)),
  ]
}

async function lookAt({ world, sessions, userId, renamed, passwords }: AccountStage): Promise<Rest> {
  const live: HandedOut[] = []
  for (const session of sessions) if ((await world.auth.validateSession(session.token)).session) live.push(session)
  const records = await world.adapter.listKeys(userId)
  const texts = [...new Set(passwords.flatMap(({ text }) => text ?? []))]
  const fitting: (string | null)[] = []
  for (const { providerId, passwordHash } of records) {
    if (providerId === "github") continue
    const fits = await Promise.all(
      texts.map(async (text) => passwordHash !== null && world.passwordHasher.verify(passwordHash, text)),
    )
    fitting.push(texts.find((_, n) => fits[n]) ?? null)
  }
  return {
    live,
    keys: records.map((key) => ({ id: idOf(key), origin: originOf(idOf(key), renamed) })),
    passwords: fitting,
    devices: (await world.adapter.listPasskeys(userId)).map(({ id }) => id),
    hasApp: (await world.adapter.findTotp(userId)) !== null,
    name: (await world.users.getUser(userId))?.username,
  }
}

function checkSessions(stage: AccountStage, { live, passwords }: Rest): string[] {
  const broken: string[] = []
  for (const session of stage.sessions) {
    const revocations = stage.revoked.filter((each) => each.covers(session))
    const isLive = live.includes(session)
    if (isLive && revocations.length > 0) broken.push("I1: a session is live that was revoked")
    const isLate = stage.found.some(({ id, began }) => id === session.id && revocations.some((r) => r.ended < began))
    if (isLate) broken.push("I1: a validation found a session whose revocation had been acknowledged")
    if (!session.isStrong && neededFactor(stage, session)) broken.push("F1: a session was made without a second factor")
    if (!isLive) continue
    if (outlivesPassword(stage, session, passwords)) broken.push("R6: a session of an earlier password is live")
    if (stage.resets.some((reset) => outlivesReset(stage, session, reset)))
      broken.push("PRF-7: a session that began before a reset is live")
  }
  return broken
}

/** Whether there was a second factor all the time. */
function neededFactor({ additions, removals }: AccountStage, session: HandedOut): boolean {
  return additions.some(({ kind, id, isAdded, ended }) => {
    if (!isAdded || kind === "key" || ended >= session.began) return false
    const removed = removals.filter((each) => each.kind === kind && (each.id ?? id) === id)
    return !removed.some((removal) => removal.began < session.ended && removal.ended > ended)
  })
}

function outlivesPassword({ passwords }: AccountStage, session: HandedOut, current: (string | null)[]): boolean {
  const own = current.map((text) => `password ${text}`)
  if (!session.by.startsWith("password ") || own.includes(session.by)) return false
  const ownText = session.by.slice(9)
  return passwords.some(
    ({ how, text, began, ended, except }) =>
      how !== "first" &&
      ended < Infinity &&
      ended > session.began &&
      text !== ownText &&
      except?.root !== session.root &&
      // Changed and changed back during the sign-in, which may have looked at it only then.
      !(began < session.ended && passwords.some((other) => other.text === ownText && other.ended > began)),
  )
}

/** Links prove only that the user exists: a sign-in by one may have begun before. */
function outlivesReset(
  { passwords }: AccountStage,
  session: HandedOut,
  { began, except }: AccountStage["resets"][number],
): boolean {
  if (session.began > began || session.by === "link" || except?.root === session.root) return false
  return !passwords.some(({ text, ended }) => session.by === `password ${text}` && ended > began)
}

function checkPasswords(stage: AccountStage, { passwords }: Rest): string[] {
  const broken: string[] = []
  const [current = null] = passwords
  // Of several first passwords at once, a key that is about to be taken back may hand its own on.
  const isContested = stage.typed.some((one) => stage.typed.some((other) => other !== one && overlap(one, other)))
  if (new Set(passwords).size > 1 && !isContested)
    broken.push(`P1: the user's keys have several passwords: ${passwords.join(", ")}`)
  const meant = stage.passwords.filter((each) => !isSuperseded(each, stage.passwords))
  if (current !== null && !meant.some(({ text }) => text === current))
    broken.push(`P2: an earlier password is back: ${current}`)
  const [last, ...others] = meant
  const isLost = last?.how === "change" && others.length === 0 && passwords.length > 0 && current !== last.text
  const mayBeLost = stage.removals.some(({ kind, ended }) => kind === "key" && ended > (last?.began ?? 0))
  if (isLost && !mayBeLost) broken.push("P3: a new password is lost")
  return broken
}

function isSuperseded({ ended }: Span, passwords: NewPassword[]): boolean {
  return passwords.some((other) => other.how !== "first" && other.began > ended && other.ended < Infinity)
}

function checkColumns({ rowNames, deletion }: AccountStage, { name }: Rest): string[] {
  // What two calls look at and then change at the same time is not promised.
  const isContested = rowNames.some(
    (refused) => !refused.isSet && rowNames.some((other) => other !== refused && overlap(refused, other)),
  )
  if (deletion !== null || isContested) return []
  const set = rowNames.filter(({ isSet }) => isSet)
  const meant = set.filter(({ ended }) => !set.some((other) => other.began > ended))
  return meant.some((each) => each.name === name) ? [] : [`K1: the user's row has what was not set last: ${name}`]
}

function overlap(one: Span, other: Span): boolean {
  return one.began < other.ended && other.began < one.ended
}

async function checkSecrets(stage: AccountStage): Promise<string[]> {
  const { world, accepted, endings, resets, links, moves, pendings, codes, userId } = stage
  const broken: string[] = []
  for (const spans of accepted.values()) if (spans.length > 1) broken.push("I2: something was accepted twice")
  for (const { text, ended } of [...links, ...moves, ...pendings]) {
    const ends = endings.filter(({ began }) => began > ended)
    if (accepted.get(text)?.some(({ began }) => ends.some((end) => end.ended < began)))
      broken.push("OTT-5: a secret was accepted that had been ended")
    const isThere =
      (await world.tokens.peekToken(text, "link")) ??
      (await world.tokens.peekToken(text, "change_email")) ??
      (await world.door.peekSignIn(text))
    if (isThere && ends.length > 0) broken.push("OTT-5: a secret is live that was ended")
  }
  for (const { text, ended } of codes) {
    const isLive = await world.recovery.redeemCode({ userId, code: text })
    if (isLive && resets.some(({ began }) => began > ended)) broken.push("PRF-7: a recovery code outlives a reset")
    if (isLive && accepted.has(text)) broken.push("I2: a recovery code is good twice")
    if (isLive && codes.some(({ began }) => began > ended)) broken.push("F2: a recovery code outlives new ones")
  }
  return broken
}

async function checkAdditions(stage: AccountStage, { keys, devices, hasApp }: Rest): Promise<string[]> {
  const { additions, resets } = stage
  const broken: string[] = []
  const app = hasApp ? await appOf(stage) : null
  const there = new Set([...keys.map(({ origin }) => origin), ...devices, app])
  for (const id of there) {
    const own = additions.filter((each) => each.id === id)
    const first = own.at(0)
    if (!first) continue
    if (!own.some(({ isAdded }) => isAdded)) broken.push(`PRF-6: a ${first.kind} is there that was refused`)
    for (const reset of resets)
      if (own.every((addition) => isEndedBy(addition, reset, stage)))
        broken.push(`PRF-7: a ${first.kind} outlives a reset`)
  }
  return broken
}

/** Whether an addition was there before the reset, or was asked for by a session that the reset has ended. */
function isEndedBy(
  { id, by, began, ended, isAdded }: Addition,
  reset: AccountStage["resets"][number],
  { renamed }: AccountStage,
): boolean {
  if (!isAdded) return true
  if (reset.keep !== undefined && originOf(reset.keep, renamed) === id) return false
  if (ended < reset.began) return true
  return began < reset.ended && by !== undefined && by.ended < reset.began && by.root !== reset.except?.root
}

/** Finds out whose codes are right. */
async function appOf({ world, apps, userId, clock }: AccountStage): Promise<string> {
  for (const { secret } of apps) {
    clock.advance(600_000)
    if (await world.totp.verifyTotp({ userId, code: appCode(secret, clock()) })) return secret
  }
  return "an app that nobody has"
}

async function checkDeletion({ world, deletion, userId }: AccountStage): Promise<string[]> {
  if (deletion === null) return []
  const { adapter } = world
  const left = [
    ...(await adapter.listKeys(userId)),
    ...(await adapter.listSessions(userId)),
    ...(await adapter.listPasskeys(userId)),
    ...((await adapter.findTotp(userId)) ? ["app"] : []),
    ...((await adapter.countTokens(userId, "link")) > 0 ? ["link"] : []),
  ]
  return left.length > 0 ? ["I3: something of a deleted user is there"] : []
}

function originOf(id: string, renamed: Map<string, string>): string {
  const earlier = renamed.get(id)
  return earlier === undefined ? id : originOf(earlier, renamed)
}
