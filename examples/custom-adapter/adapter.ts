import type { SessionAdapter, SessionRecord, UserId } from "nightlatch"
import type { KvAtomic, KvStore } from "./kv-store.ts"

const mostAttempts = 100

// In an object, because Deno's atomic operations refuse to be awaited before they are committed.
interface Plan {
  write: KvAtomic
}

/** Keeps sessions in a key-value store. It knows no users: give `createAuth` a `loadUser`. */
export function kvAdapter<SessionRow extends object = object>(kv: KvStore): SessionAdapter<never, SessionRow> {
  type Row = SessionRecord<SessionRow>

  const find = (id: string) => kv.get<Row>(["session", id])
  const findIds = (userId: UserId) => kv.get<string[]>(["user_sessions", userId])

  // A user's sessions come and go together with the list of their ids: none escapes a sign-out everywhere.
  async function exchange(userId: UserId, isGone: (id: string) => boolean, added?: Row): Promise<Plan> {
    const { value, ...list } = await findIds(userId)
    const ids = value ?? []
    const kept = ids.filter((id) => !isGone(id))
    const write = kv.atomic().check(list)
    for (const id of ids.filter(isGone)) write.delete(["session", id])
    if (!added) return { write: kept.length > 0 ? write.set(list.key, kept) : write.delete(list.key) }
    const { value: taken, ...place } = await find(added.id)
    if (taken) throw new Error("The session id is taken")
    write.check(place).set(place.key, added)
    return { write: write.set(list.key, [...kept, added.id]) }
  }

  const removeIf = (id: string, isDoomed: (row: Row) => boolean, added?: Row) =>
    commit(async () => {
      const entry = await find(id)
      if (!entry.value || !isDoomed(entry.value)) return false
      const { write } = await exchange(entry.value.userId, (other) => other === id, added)
      return { write: write.check(entry) }
    })

  const edit = (id: string, change: (row: Row) => Row | false) =>
    commit(async () => {
      const entry = await find(id)
      const row = entry.value && change(entry.value)
      return row ? { write: kv.atomic().check(entry).set(entry.key, row) } : false
    })

  return {
    async insertSession(session) {
      await commit(() => exchange(session.userId, () => false, session))
    },
    async findSession(id) {
      const { value: session } = await find(id)
      return session && { session }
    },
    async listSessions(userId) {
      const { value: ids } = await findIds(userId)
      const rows = (await Promise.all((ids ?? []).map(find))).flatMap(({ value }) => value ?? [])
      return rows.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
    },
    extendSession: (id, expiresAt, ifBefore) => edit(id, (row) => row.expiresAt <= ifBefore && { ...row, expiresAt }),
    updateSession: (id, changes, { ifNull } = {}) =>
      edit(id, (row) => {
        if (ifNull !== undefined && hasValue(row.attributes, ifNull)) return false
        return { ...row, attributes: { ...row.attributes, ...withoutUndefined(changes) } }
      }),
    replaceSession: (oldId, session) => removeIf(oldId, () => true, session),
    deleteSession: (id, userId) => removeIf(id, (row) => userId === undefined || row.userId === userId),
    async deleteUserSessions(userId, exceptId) {
      await commit(() => exchange(userId, (id) => id !== exceptId))
    },
    async deleteExpiredSessions(before, limit) {
      const isExpired = ({ expiresAt }: Row) => expiresAt <= before
      let count = 0
      for await (const { value: row } of kv.list<Row>({ prefix: ["session"] })) {
        if (count === limit) break
        if (row && isExpired(row) && (await removeIf(row.id, isExpired))) count++
      }
      return count
    },
  }
}

function hasValue(attributes: object, name: string): boolean {
  return Object.entries(attributes).some(([key, value]) => key === name && value !== null && value !== undefined)
}

// An attribute that is `undefined` was not given, and stays what it was.
function withoutUndefined<Row extends object>(changes: Row): Row {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Row
}

// Plans and writes, again whenever somebody else has written what the plan had checked. `false`: nothing to write.
async function commit(plan: () => Promise<Plan | false>): Promise<boolean> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const planned = await plan()
    if (!planned) return false
    if ((await planned.write.commit()).ok) return true
  }
  throw new Error("The session kept changing")
}
