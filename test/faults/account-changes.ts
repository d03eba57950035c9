import { appCode } from "../totp/set-up.ts"
import { accept, exceptOf, hasPasswords, pick, revoke } from "./account-notes.ts"
import { idOf, password, register } from "./account-stage.ts"
import type { AccountStage } from "./account-stage.ts"

/** All that changes how a user can sign in. */
export const changes = {
  async changePassword(stage: AccountStage, a: number, b: number) {
    const [text, except] = [newPassword(stage, a), exceptOf(stage, a, b)]
    const began = stage.tick()
    const { userId, world } = stage
    const { updated } = await world.users.updateUserPassword({ userId, password: text }, { except: except?.id })
    if (!updated) return
    stage.passwords.push({ text, how: "change", except, began, ended: stage.tick() })
    stage.endings.push({ began, ended: stage.tick() })
    revoke(stage, began, ({ ended, id }) => ended < began && id !== except?.id)
  },

  async resetAccess(stage: AccountStage, a: number, b: number) {
    const keep = b % 3 ? pick(stage.names, b) : undefined
    const text = keep && hasPasswords(keep) && a % 2 ? newPassword(stage, a) : undefined
    const except = exceptOf(stage, a, b >> 1)
    const began = stage.tick()
    // Whatever it answers, it may have taken something away.
    const removal = { began, ended: Infinity }
    stage.removals.push({ ...removal, kind: "app" }, { ...removal, kind: "device" }, { ...removal, kind: "key" })
    const { userId, world } = stage
    const given = { ...(keep && { keep }), ...(text !== undefined && { password: text }) }
    const { reset } = await world.users.resetAccess({ userId, ...given, except: except?.id })
    const ended = stage.tick()
    stage.passwords.push({ text: text ?? null, how: "reset", except, began, ended: reset ? ended : Infinity })
    if (!reset) return
    stage.resets.push({ keep: keep && idOf(keep), text: text ?? null, except, began, ended })
    stage.endings.push({ began, ended })
    revoke(stage, began, ({ ended, id }) => ended < began && id !== except?.id)
  },

  async deleteUser(stage: AccountStage, a: number, b: number) {
    if ((a + b) % 3) return
    stage.deletion = Infinity
    await stage.world.users.deleteUser(stage.userId)
    stage.deletion = stage.tick()
  },

  async addApp(stage: AccountStage, a: number, b: number) {
    const [session, { world, userId, clock }] = [pick(stage.sessions, a), stage]
    if (!session) return
    const earlier = b > 3 ? stage.apps.at(-1) : undefined
    const app = earlier ?? (await world.totp.enrollTotp({ userId, account: "ada" }))
    if (!earlier) stage.apps.push(app)
    const began = stage.tick()
    const asked = { userId, enrollment: app.enrollment, sessionId: session.id, replace: b % 2 === 1 }
    const { proof } = await world.totp.confirmTotp({ ...asked, code: appCode(app.secret, clock()) })
    const isAdded = proof !== null
    stage.additions.push({ kind: "app", id: app.secret, by: session, isAdded, began, ended: stage.tick() })
  },

  async removeApp(stage: AccountStage) {
    const removal = { kind: "app" as const, began: stage.tick(), ended: Infinity }
    stage.removals.push(removal)
    await stage.world.totp.removeTotp({ userId: stage.userId })
    removal.ended = stage.tick()
  },

  async addDevice(stage: AccountStage, a: number) {
    const session = pick(stage.sessions, a)
    const device = session && (await register(stage))
    if (!device) return
    const began = stage.tick()
    const added = await stage.world.passkeys.addPasskey(device.newPasskey, { sessionId: session.id })
    const isAdded = added !== null
    stage.additions.push({ kind: "device", id: device.id, by: session, isAdded, began, ended: stage.tick() })
  },

  async removeDevice(stage: AccountStage, a: number) {
    const device = pick(stage.devices, a)
    if (!device) return
    const removal = { kind: "device" as const, id: device.id, began: stage.tick(), ended: Infinity }
    stage.removals.push(removal)
    await stage.world.passkeys.deletePasskey({ userId: stage.userId, id: device.id })
    removal.ended = stage.tick()
  },

  async addKey(stage: AccountStage, a: number, b: number) {
    const session = a < 5 ? pick(stage.sessions, a) : undefined
    const [n, { world, userId }] = [stage.next(), stage]
    const name =
      b % 3
        ? { providerId: "email", providerUserId: `ada${n}@example.com` }
        : { providerId: "github", providerUserId: `${n}0` }
    const typed = b === 2 || b === 5 ? newPassword(stage, a) : undefined
    const attributes = b > 2 ? { username: `ada${n}` } : undefined
    const began = stage.tick()
    stage.names.push(name)
    stage.adding.add(idOf(name))
    const asked = { userId, ...name, ...(session && { sessionId: session.id }), ...(typed && { password: typed }) }
    const { key } = await world.users.createKey({ ...asked, ...(attributes && { attributes }) })
    stage.adding.delete(idOf(name))
    const [isAdded, ended] = [key !== null, stage.tick()]
    if (typed) stage.typed.push({ began, ended })
    stage.additions.push({ kind: "key", id: idOf(name), by: session, isAdded, began, ended })
    if (attributes) stage.rowNames.push({ name: attributes.username, isSet: isAdded, began, ended })
    if (isAdded && typed && mayHaveNone(stage)) stage.passwords.push({ text: typed, how: "first", began, ended })
  },

  async renameKey(stage: AccountStage, a: number, b: number) {
    // A key that is being added is found again by its name, and only there.
    const name = pick(
      stage.names.filter((each) => !stage.adding.has(idOf(each))),
      a,
    )
    if (name) await rename(stage, name, b)
  },

  async deleteKey(stage: AccountStage, a: number) {
    const name = pick(stage.names, a)
    if (!name) return
    const removal = { kind: "key" as const, id: idOf(name), began: stage.tick(), ended: Infinity }
    stage.removals.push(removal)
    await stage.world.users.deleteKey({ userId: stage.userId, ...name })
    removal.ended = stage.tick()
  },

  async askToMove(stage: AccountStage, a: number) {
    const name = pick(
      stage.names.filter(({ providerId }) => providerId === "email"),
      a,
    )
    if (!name) return
    const [began, data] = [stage.tick(), { from: name.providerUserId, to: `to${stage.next()}@example.com` }]
    const text = await stage.world.tokens.createToken({ purpose: "change_email", userId: stage.userId, data })
    stage.moves.push({ text, began, ended: stage.tick() })
  },

  async move(stage: AccountStage, a: number) {
    const move = pick(stage.moves, a)
    if (!move) return
    const began = stage.tick()
    const used = await stage.world.tokens.consumeToken(move.text, "change_email")
    if (!used) return
    accept(stage, move.text, began)
    const { from, to } = used.data
    const name = { providerId: "email", providerUserId: from }
    if (!stage.adding.has(idOf(name))) await rename(stage, name, 1, to)
  },
} satisfies Record<string, (stage: AccountStage, a: number, b: number) => Promise<void>>

async function rename(
  stage: AccountStage,
  name: { providerId: string; providerUserId: string },
  b: number,
  to?: string,
) {
  const [n, { world, userId }] = [stage.next(), stage]
  const fresh = name.providerId === "email" ? `ada${n}@example.com` : `${name.providerId}${n}`
  const renamed = { ...name, providerUserId: to ?? fresh }
  const attributes = b % 2 ? { username: `ada${n}` } : undefined
  const began = stage.tick()
  stage.names.push(renamed)
  stage.renamed.set(idOf(renamed), idOf(name))
  const answer = await world.users.renameKey({ userId, ...name }, renamed.providerUserId, { attributes })
  const ended = stage.tick()
  if (attributes) stage.rowNames.push({ name: attributes.username, isSet: answer.renamed, began, ended })
  if (answer.renamed) stage.endings.push({ began, ended })
}

/** Two passwords come again and again, so that one is changed and changed back. */
function newPassword(stage: AccountStage, a: number): string {
  return [password, "a different horse battery"][a % 3] ?? `horse number ${stage.next()}`
}

function mayHaveNone({ opening, removals }: AccountStage): boolean {
  return !opening.password || removals.some(({ kind }) => kind === "key")
}
