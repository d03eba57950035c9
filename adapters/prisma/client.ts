import { isError } from "../../src/core/realm.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { Row } from "../sql/executor.ts"
import { retried } from "../sql/retry.ts"
import { takingTurns } from "../sql/turns.ts"

type Where = Row

/** What is used of a model's delegate. */
export interface Model {
  /** The scalar fields and their types. */
  fields: Record<string, { typeName: string }>
  findUnique(query: {
    where: Where
    include?: Record<string, true>
    select?: Record<string, true>
  }): Promise<Row | null>
  findMany(query: {
    where: Where
    orderBy?: Record<string, "asc" | "desc">[]
    select?: Record<string, true>
    take?: number
  }): Promise<Row[]>
  create(query: { data: Row }): Promise<Row>
  updateMany(query: { where: Where; data: Row }): Promise<{ count: number }>
  deleteMany(query: { where: Where }): Promise<{ count: number }>
}

/** The names of the models, as the client's properties. */
export interface ModelNames {
  user: string
  session: string
  key: string
}

/** The models of a client, or of a transaction. */
export interface Models {
  user: Model
  session: Model
  key: Model
}

/** What is used of a client. */
export type PrismaBase = Record<string, unknown> & {
  $connect?: unknown
  /** Since Prisma 7 in a transaction too, where it makes a savepoint. */
  $transaction?<Result>(run: (transaction: PrismaBase) => Promise<Result>): Promise<Result>
}

/** Runs what reaches the database. */
export interface PrismaStore {
  models: Models
  /** Runs one call. */
  once<Result>(call: (models: Models) => Promise<Result>): Promise<Result>
  /** Runs one call that may be refused, and leaves the caller's transaction usable. */
  write<Result>(call: (models: Models) => Promise<Result>): Promise<Result>
  /** Runs all or nothing, and leaves the caller's transaction usable; again, for errors that pass. */
  atomic<Result>(run: (models: Models) => Promise<Result>, passing?: string[]): Promise<Result>
}

// Write conflict or deadlock.
const conflict = "P2034"

/** Makes a store of a client, or of a transaction of the caller's: there calls take turns, and nothing is retried. */
export function prismaStore(client: PrismaBase, names: ModelNames): PrismaStore {
  const inTransaction = typeof client.$connect !== "function"
  const inTurn = takingTurns()
  const run = <Result>(call: (models: Models) => Promise<Result>) =>
    client.$transaction ? client.$transaction((inside) => call(modelsOf(inside, names))) : call(modelsOf(client, names))
  const models = modelsOf(client, names)
  return {
    models,
    once: async (call) => (inTransaction ? inTurn(() => call(models)) : call(models)),
    write: async (call) => (inTransaction ? inTurn(() => run(call)) : call(models)),
    async atomic(call, passing = []) {
      if (inTransaction) return inTurn(() => run(call))
      return retried(
        (error) => hasCode(error, conflict, ...passing),
        () => run(call),
      )
    },
  }
}

/** Tells whether Prisma refused a call for one of these reasons. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return isError(error) && codes.includes((error as { code?: string }).code ?? "")
}

/** Tells a user id from anything else that a column may hold. */
export function isIdentifier(value: unknown): value is UserId {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint"
}

function modelsOf(client: PrismaBase, { user, session, key }: ModelNames): Models {
  return { user: client[user] as Model, session: client[session] as Model, key: client[key] as Model }
}
