import { AuthError } from "../../src/core/errors.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import { createQueue } from "../retry/queue.ts"
import { rescued, withRetry } from "../retry/retry.ts"
import type { Dialect } from "./dialect.ts"
import type { Executor, Row, SqlStatement } from "./executor.ts"
import { inOrder } from "./executor.ts"
import { explained } from "./mistakes.ts"

/** An executor with retries and all-or-nothing writes. */
export interface Store {
  query(statement: SqlStatement): MaybePromise<Row[]>
  execute(statement: SqlStatement): Promise<number>
  /**
   * Runs all or none, and leaves the caller's transaction usable if they fail. Resolves to the last one's number of
   * rows.
   */
  atomic(statements: SqlStatement[]): Promise<number>
  /** Runs one statement that writes and returns rows, also atomically. */
  atomicQuery(statement: SqlStatement): MaybePromise<Row[]>
}

/**
 * Creates a store over a client or pool, where each statement commits by itself. `onQueryFailure` runs after a failed
 * query.
 */
export function pooledStore(executor: Executor, { isTransient, name }: Dialect, onQueryFailure = () => {}): Store {
  const run = <Result>(call: () => MaybePromise<Result>, onFailure = () => {}) =>
    withRetry(isTransient, call, (error) => {
      onFailure()
      return explained(error, name)
    })
  const execute = async ({ sql, params }: SqlStatement) => run(() => executor.execute(sql, params))
  return {
    query: ({ sql, params }) => run(() => executor.query(sql, params), onQueryFailure),
    execute,
    async atomic(statements) {
      const [only, ...more] = statements
      if (only && more.length === 0) return execute(only)
      if (!executor.batch) throw missingBatch()
      return run(async () => (await executor.batch?.(statements))?.at(-1) ?? 0)
    },
    atomicQuery: ({ sql, params }) => run(() => executor.query(sql, params)),
  }
}

/** Creates a store inside the caller's transaction, which the caller ends. Nothing is retried. */
export function transactionStore(executor: Executor, { name }: Dialect, onQueryFailure = () => {}): Store {
  const turn = executor.turn ?? createQueue()
  const inTurn = <Result>(call: () => MaybePromise<Result>, onFailure = () => {}) =>
    turn(() =>
      rescued(call, async (error) => {
        onFailure()
        throw explained(error, name)
      }),
    )
  return {
    query: ({ sql, params }) => inTurn(() => executor.query(sql, params), onQueryFailure),
    execute: async ({ sql, params }) => inTurn(() => executor.execute(sql, params)),
    atomic: async (statements) =>
      inTurn(() => savepoint(executor, async (inside) => (await inOrder(inside, statements)).at(-1) ?? 0)),
    atomicQuery: ({ sql, params }) => inTurn(() => savepoint(executor, (inside) => inside.query(sql, params))),
  }
}

async function savepoint<Result>(executor: Executor, run: (inside: Executor) => MaybePromise<Result>): Promise<Result> {
  if (executor.savepoint) return executor.savepoint(run)
  await executor.execute("SAVEPOINT nightlatch", [])
  try {
    const result = await run(executor)
    await executor.execute("RELEASE SAVEPOINT nightlatch", [])
    return result
  } catch (error) {
    await undo(executor)
    throw error
  }
}

async function undo(executor: Executor): Promise<void> {
  try {
    await executor.execute("ROLLBACK TO SAVEPOINT nightlatch", [])
    await executor.execute("RELEASE SAVEPOINT nightlatch", [])
  } catch {
    // Fails only if the whole transaction is gone. The caller throws the error that explains why.
  }
}

function missingBatch(): AuthError {
  return new AuthError(
    "missing_port",
    "executor: batch() is missing, and needed to write to two tables; add it, or pass inTransaction: true with an executor that is in a transaction",
  )
}
