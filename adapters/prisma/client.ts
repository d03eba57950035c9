import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import type { Owner } from "../port/names.ts"
import { missingUser } from "../port/user-ids.ts"
import { causedBy } from "../retry/driver-error.ts"
import type { Queue } from "../retry/queue.ts"
import { createQueue } from "../retry/queue.ts"
import { withRetry } from "../retry/retry.ts"
import type { Row } from "../sql/executor.ts"
import { referred } from "../sql/mistakes.ts"

/** The properties of a model's delegate that are used. */
export interface Model {
  /** The model's name in schema.prisma. */
  $name?: string
  /** The scalar fields and their types. */
  fields: Record<string, { typeName: string }>
  /** Not `findUnique`: Prisma collects its calls and sends them all in the async context of one caller. */
  findFirst(query: { where: Row; include?: Record<string, true>; select?: Record<string, true> }): Promise<Row | null>
  findMany(query: {
    where: Row
    orderBy?: Record<string, "asc" | "desc">[]
    select?: Record<string, true>
    take?: number
  }): Promise<Row[]>
  create(query: { data: Row }): Promise<Row>
  updateMany(query: { where: Row; data: Row }): Promise<{ count: number }>
  deleteMany(query: { where: Row }): Promise<{ count: number }>
}

/** The models of a client, or of a transaction. */
export type Models = Record<Owner, Model>

/** The properties of a client that are used. */
export type PrismaBase = Record<string, unknown> & {
  $connect?: unknown
  /** Since Prisma 7 also in a transaction, where it creates a savepoint. */
  $transaction?<Result>(run: (transaction: PrismaBase) => Promise<Result>): Promise<Result>
}

/** Runs the calls that reach the database. */
export interface PrismaStore {
  models: Models
  /** Whether the client is in the caller's transaction. */
  inTransaction: boolean
  /** The queue of the calls in that transaction. */
  turn: Queue
  /** Runs one call. */
  once<Result>(call: (models: Models) => Promise<Result>): Promise<Result>
  /** Runs one call that may be refused, and leaves the caller's transaction usable. */
  write<Result>(call: (models: Models) => Promise<Result>): Promise<Result>
  /** Runs all or nothing, and leaves the caller's transaction usable. Runs again after transient errors. */
  atomic<Result>(run: (models: Models, inside: PrismaBase) => Promise<Result>, passing?: string[]): Promise<Result>
}

// Write conflict or deadlock.
const conflict = "P2034"

/** Prisma's code for a violated foreign key. */
export const brokenReference = "P2003"

/**
 * Creates a store from a client, or from the caller's transaction, where calls take turns and nothing is retried.
 * `names` are those of the models, as the client's properties.
 */
export function prismaStore(client: PrismaBase, names: Record<Owner, string>): PrismaStore {
  const inTransaction = typeof client.$connect !== "function"
  const inTurn = createQueue()
  const models = modelsOf(client, names)
  const run = <Result>(call: (models: Models, inside: PrismaBase) => Promise<Result>) =>
    client.$transaction ? client.$transaction((inside) => call(modelsOf(inside, names), inside)) : call(models, client)
  return {
    models,
    inTransaction,
    turn: inTurn,
    once: (call) => told(() => (inTransaction ? inTurn(() => call(models)) : call(models))),
    write: (call) => told(() => (inTransaction ? inTurn(() => run(call)) : call(models))),
    atomic(call, passing = []) {
      const isTransient = (error: unknown) => hasCode(error, conflict, ...passing)
      const atOnce = () => run(call)
      return told(() => (inTransaction ? inTurn(atOnce) : withRetry(isTransient, atOnce)))
    },
  }
}

// The codes of Prisma's "Error message reference" for the application's mistakes: values, models and tables.
const mistakes = new Set(
  "P2000 P2004 P2005 P2006 P2007 P2009 P2011 P2012 P2013 P2019 P2020 P2021 P2022 P2023".split(" "),
)

/** Rejects with `invalid_option` instead of an error that the same call would meet again. */
async function told<Result>(call: () => MaybePromise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    throw explained(error)
  }
}

function explained(error: unknown): unknown {
  const { name, code, message, meta } = error as Partial<Error> & { code?: string; meta?: Record<string, unknown> }
  if (name === "PrismaClientValidationError") {
    // The message contains all values, so only the sentence with the field is kept.
    const sentence =
      /(?:Unknown a|A)rgument `\w+`[^`.\n]*\./.exec(message ?? "")?.[0] ?? "A value does not fit its field"
    return new AuthError("invalid_option", `attributes: Prisma refuses them (${sentence}); compare them with the model`)
  }
  if (code === brokenReference) return new AuthError("invalid_option", referred(), { cause: error })
  if (!mistakes.has(code ?? "")) return error
  const concerned = [meta?.modelName, meta?.column_name ?? meta?.column ?? meta?.constraint ?? meta?.table]
  const names = concerned.filter((value) => typeof value === "string").join(".")
  return new AuthError(
    "invalid_option",
    `database: Prisma refuses the call with ${code}${names && `, at ${names}`}; see the cause`,
    { cause: error },
  )
}

/** Returns whether Prisma refused a call for one of these reasons, even if the error was already replaced. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return causedBy(error, ({ code }) => typeof code === "string" && codes.includes(code))
}

/**
 * Returns what to throw for a write that names a user. A violated foreign key may be the one to that user, or one of
 * the application's own.
 */
export async function orMissingUser(store: PrismaStore, userId: UserId | null, error: unknown): Promise<unknown> {
  if (!hasCode(error, brokenReference)) return error
  const query = { where: { id: userId }, select: { id: true as const } }
  return (await store.once(({ user }) => user.findFirst(query))) ? error : missingUser()
}

function modelsOf(client: PrismaBase, { user, session, key }: Record<Owner, string>): Models {
  return { user: client[user] as Model, session: client[session] as Model, key: client[key] as Model }
}
