import { isAuthError } from "../../src/core/errors.ts"
import type { Proof } from "../../src/proof/proof.ts"
import { appCode } from "../totp/set-up.ts"
import { changes } from "./account-changes.ts"
import { accept, exceptOf, hasPasswords, pick, revoke } from "./account-notes.ts"
import { handOut, keepCodes, password } from "./account-stage.ts"
import type { AccountStage, HandedOut } from "./account-stage.ts"

/** One thing that an actor does, while others do theirs. The numbers choose what it concerns. */
export interface AccountAct {
  name: AccountActName
  a: number
  b: number
}

export type AccountActName = keyof typeof acts

/** Plays an act. Only a user who is being deleted may be missing. */
export async function playAccount(stage: AccountStage, { name, a, b }: AccountAct): Promise<void> {
  try {
    await acts[name](stage, a, b)
  } catch (error) {
    if (!isAuthError(error) || error.code !== "user_missing" || stage.deletion === null) throw error
  }
}

/** All that actors do. */
const acts = {
  ...changes,

  async signIn(stage: AccountStage, a: number, b: number) {
    const { world } = stage
    const typed = pick(stage.passwords, a)?.text ?? password
    const name = pick(stage.names.filter(hasPasswords), b)
    if (!name) return
    const [began, by] = [stage.tick(), `password ${typed}`]
    const begun = await world.users.signInWithPassword(world.door, { ...name, password: typed })
    if (begun?.session) handOut(stage, { ...begun.session, token: begun.token }, { began, by })
    if (begun?.pending) stage.pendings.push({ text: begun.pending, by, began, ended: stage.tick() })
  },

  async signInByLink(stage: AccountStage, a: number) {
    const link = pick(stage.links, a)
    if (!link) return
    const began = stage.tick()
    const used = await stage.world.tokens.consumeToken(link.text, "link")
    if (!used?.proof) return
    accept(stage, link.text, began)
    await begin(stage, used.proof, { began, by: "link" })
  },

  async signInByDevice(stage: AccountStage, a: number) {
    const device = pick(stage.devices, a)
    if (!device) return
    const began = stage.tick()
    const { options, handle } = await stage.world.passkeys.signInOptions()
    const response = await device.authenticator.signIn(options)
    const answers = [0, 1].map(() => stage.world.passkeys.verifyPasskey({ handle, response }))
    const [proof, other] = await Promise.all(answers)
    if (proof && other) accept(stage, handle, began)
    if (proof) accept(stage, handle, began)
    if (proof) await begin(stage, proof, { began, by: `device ${device.id}`, isStrong: true })
  },

  async finish(stage: AccountStage, a: number, b: number) {
    const pending = pick(stage.pendings, a)
    if (!pending) return
    const began = stage.tick()
    const finished = await stage.world.door.finishSignIn(pending.text, () => proveFactor(stage, b))
    if (!finished) return
    accept(stage, pending.text, began)
    handOut(stage, { ...finished.session, token: finished.token }, { began, by: pending.by, isStrong: true })
  },

  async elevate(stage: AccountStage, a: number, b: number) {
    const session = pick(stage.sessions, a)
    if (!session) return
    const { world, userId } = stage
    const typed = pick(stage.passwords, b)?.text ?? password
    const began = stage.tick()
    const proof =
      b % 2 ? await proveFactor(stage, b) : await world.users.verifyUserPassword({ userId, password: typed })
    const elevated = proof && (await world.door.elevate({ sessionToken: session.token, proof }))
    if (elevated) replace(stage, session, { ...elevated.session, token: elevated.token }, began)
  },

  async validate(stage: AccountStage, a: number) {
    const session = pick(stage.sessions, a)
    if (!session) return
    const began = stage.tick()
    const result = await stage.world.auth.validateSession(session.token)
    if (result.session) stage.found.push({ id: session.id, began, ended: stage.tick() })
  },

  async rotate(stage: AccountStage, a: number) {
    const session = pick(stage.sessions, a)
    if (!session) return
    const began = stage.tick()
    const rotated = await stage.world.auth.rotateSession(session.token)
    if (rotated) replace(stage, session, { ...rotated.session, token: rotated.token }, began)
  },

  async signOut(stage: AccountStage, a: number) {
    const session = pick(stage.sessions, a)
    if (!session) return
    const began = stage.tick()
    if (await stage.world.auth.invalidateSession(session.id)) accept(stage, session.id, began)
    revoke(stage, began, ({ id }) => id === session.id)
  },

  async signOutEverywhere(stage: AccountStage, a: number, b: number) {
    const except = exceptOf(stage, a, b)
    const began = stage.tick()
    await stage.world.auth.invalidateUserSessions(stage.userId, { except: except?.id })
    revoke(stage, began, ({ ended, id }) => ended < began && id !== except?.id)
  },

  async createLink(stage: AccountStage) {
    const began = stage.tick()
    const text = await stage.world.tokens.createToken({ purpose: "link", userId: stage.userId })
    stage.links.push({ text, began, ended: stage.tick() })
  },

  async createCodes(stage: AccountStage) {
    const began = stage.tick()
    keepCodes(stage, began, await stage.world.recovery.createCodes(stage.userId))
  },

  async pass({ clock }: AccountStage) {
    clock.advance(30_000)
  },
} satisfies Record<string, (stage: AccountStage, a: number, b: number) => Promise<void>>

export const accountActs = Object.keys(acts) as AccountActName[]

async function begin(
  stage: AccountStage,
  proof: Proof<string>,
  how: { began: number; by: string; isStrong?: boolean },
): Promise<void> {
  const begun = await unlessVoid(stage.world.door.beginSignIn(proof))
  if (begun?.session) handOut(stage, { ...begun.session, token: begun.token }, how)
  if (begun?.pending) stage.pendings.push({ text: begun.pending, by: how.by, began: how.began, ended: stage.tick() })
}

async function proveFactor(stage: AccountStage, b: number): Promise<Proof<string> | null> {
  const { world, userId, clock } = stage
  const began = stage.tick()
  const [app, code] = [pick(stage.apps, b), pick(stage.codes, b)]
  if (b % 3 === 0 || (b % 3 === 1 && !app)) return null
  if (b % 3 === 1) {
    const shown = appCode(app!.secret, clock())
    const proof = await world.totp.verifyTotp({ userId, code: shown })
    if (proof) accept(stage, `${app!.secret} ${shown}`, began)
    return proof
  }
  const proof = code ? await world.recovery.redeemCode({ userId, code: code.text }) : null
  if (proof) accept(stage, code!.text, began)
  return proof
}

function replace(stage: AccountStage, old: HandedOut, made: { id: string; token: string }, began: number): void {
  // Of a rotation and a sign-out of the same session, one finds it.
  accept(stage, old.id, began)
  revoke(stage, began, ({ id }) => id === old.id)
  handOut(stage, made, old)
}

/** What was proved may have been taken back between the proof and the session. */
async function unlessVoid<Result>(begun: Promise<Result>): Promise<Result | null> {
  try {
    return await begun
  } catch (error) {
    if (isAuthError(error) && error.code === "proof_void") return null
    throw error
  }
}
