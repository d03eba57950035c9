import type { Bug } from "./built-world.ts"
import type { DrillStoreName } from "./drill-stores.ts"

/** A bug that shows when a drill is run on a store. */
export interface DrillBug extends Bug {
  on: DrillStoreName
  /** How a line begins that a drill may say about it. */
  breaks: string
  /** Whether it is also run in the short form. */
  isQuick?: true
}

const tokens = "src/tokens/create-tokens.ts"
const auth = "src/core/create-auth.ts"
const connections = "adapters/sql/connections.ts"

/** Bugs that show only in several processes, or when something fails. */
export const drillBugs: Record<string, DrillBug> = {
  "a sign-out everywhere is not waited for": {
    on: "PostgreSQL",
    breaks: "I1",
    file: auth,
    from: "await store.deleteUserSessions(userId, options?.except)",
    to: "void store.deleteUserSessions(userId, options?.except).catch(() => {})",
  },
  "an outage is taken for no session": {
    on: "PostgreSQL",
    breaks: "F1",
    isQuick: true,
    file: "src/core/errors.ts",
    from: "throw isAuthError(cause) ? cause",
    to: `if (name === "findSession") return null
      throw isAuthError(cause) ? cause`,
  },
  "a link is read and then deleted": {
    on: "PostgreSQL",
    breaks: "I2",
    isQuick: true,
    file: tokens,
    from: "await store.read(name, token, adapter.takeToken)",
    to: "await store.read(name, token, async (id) => { const found = await adapter.findToken(id); await adapter.takeToken(id); return found })",
  },
  "it does not matter who deletes a token": {
    on: "MariaDB",
    breaks: "I2",
    isQuick: true,
    file: "adapters/sql/tokens.ts",
    from: `db.statement("takeToken", text, [id]))) > 0`,
    to: `db.statement("takeToken", text, [id]))) >= 0`,
  },
  "a token is read in Redis and stays": {
    on: "Redis",
    breaks: "I2",
    file: "adapters/redis/token-scripts.ts",
    from: `local fields = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])`,
    to: "local fields = redis.call('HGETALL', KEYS[1])",
  },
  "wrong codes are counted by each process for itself": {
    on: "MariaDB",
    breaks: "R5",
    file: tokens,
    from: "(id) => adapter.tryToken(id, maxAttempts)",
    to: `async (id) => {
      const tries = (globalThis.tries ??= new Map())
      const found = await adapter.findToken(id)
      const attempts = (tries.get(id) ?? 0) + 1
      tries.set(id, attempts)
      return found && attempts <= 5 ? { ...found, attempts } : null
    }`,
  },
  "statements that belong together are sent without a transaction": {
    on: "MariaDB",
    breaks: "F6",
    file: connections,
    from: `await connection.execute("BEGIN", [])`,
    to: "",
  },
  "a user's sessions do not end with the user": {
    on: "MariaDB",
    breaks: "I3",
    file: "adapters/sql/users.ts",
    from: `await db.store.atomic([...statements, db.statement("deleteUser", own, [user])])`,
    to: `await db.store.execute(db.statement("deleteUser", own, [user]))`,
  },
  "each process counts attempts for itself": {
    on: "Redis",
    breaks: "I6",
    isQuick: true,
    file: "src/throttle/create-throttle.ts",
    from: "await store.takeAttempt(id, at, cost, span)",
    to: `(() => {
        const rows = (globalThis.rows ??= new Map())
        const from = Math.max(rows.get(id) ?? at, at)
        const taken = from + cost <= at + span
        rows.set(id, taken ? from + cost : from)
        return { taken, until: from }
      })()`,
  },
  "an event says the token": {
    on: "Redis",
    breaks: "I7: the log",
    file: tokens,
    from: `tell("token_created", request.purpose, contents)`,
    to: `tell("token_created", request.purpose, { ...contents, userId: token })`,
  },
  "a token stands beside its hash": {
    on: "PostgreSQL",
    breaks: "I7: the store",
    file: "src/tokens/token-store.ts",
    from: "attempts, data: sealed }",
    to: "attempts, data: `${sealed} ${text}` }",
  },
  "a session is not listed in Redis": {
    on: "Redis",
    breaks: "I5",
    file: "adapters/redis/sessions.ts",
    from: "await store.run(enlist, store.user(user), id, String(expiresAt))",
    to: "",
  },
  "nobody looks after a rollback that fails": {
    on: "PostgreSQL",
    breaks: "I8",
    file: connections,
    from: `await connection.execute("ROLLBACK", []).catch(() => connection.giveUp())`,
    to: `void connection.execute("ROLLBACK", [])`,
  },
  "a connection is not given back after a failure": {
    on: "PostgreSQL",
    breaks: "F1",
    file: connections,
    from: `      try {
        return await transaction(connection, all)
      } finally {
        connection.release()
      }`,
    to: `      const counts = await transaction(connection, all)
      connection.release()
      return counts`,
  },
}

/** Bugs that show when a clock is wrong: how far it is ahead, in milliseconds, and what the others lose. */
export const clockBugs: Record<string, Bug & { ahead: number; loses: string[] }> = {
  "whoever finds an expired session deletes it": {
    file: auth,
    from: `? found : { session: null, reason: "expired" }`,
    to: `? found : (await store.deleteSession(found.session.id), { session: null, reason: "expired" })`,
    ahead: 31 * 86_400_000,
    loses: ["a session", "a session in the list"],
  },
  "a clean-up deletes sessions without a margin": {
    file: auth,
    from: "new Date(now() - 86_400_000)",
    to: "new Date(now())",
    ahead: 300_000,
    loses: ["a session", "a session in the list"],
  },
  "a clean-up deletes tokens without a margin": {
    file: tokens,
    from: "new Date(now() - 86_400_000)",
    to: "new Date(now())",
    ahead: 300_000,
    loses: ["a code", "a link"],
  },
}
