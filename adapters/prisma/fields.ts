import { AuthError } from "../../src/core/errors.ts"
import { isBytes, isDate } from "../../src/platform/realm.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { Owner } from "../port/names.ts"
import { quoted } from "../port/names.ts"
import { unknownAttribute } from "../port/parameters.ts"
import type { TimeField } from "../port/stored-rows.ts"
import { coreFields, toDate } from "../port/stored-rows.ts"
import { userIdsOf } from "../port/user-ids.ts"
import type { Row } from "../sql/executor.ts"
import type { Model, Models } from "./client.ts"

/** What the library must know about the fields. */
export type Fields = ReturnType<typeof checkedFields>

/** A client that describes its models and their relations. */
export interface DescribedClient {
  _runtimeDataModel?: { models?: Record<string, DescribedModel> }
}

interface DescribedModel {
  fields: { name: string; kind: string; type: string }[]
  /** From `@@map`. */
  dbName?: string | null
  /** From `@@schema`. */
  schema?: string | null
}

/** Returns the database name of a model's table, with its schema if it is mapped to one. */
export function tableOf({ _runtimeDataModel: description }: DescribedClient, { $name = "" }: Model): string {
  const { dbName, schema } = description?.models?.[$name] ?? {}
  return [schema, dbName ?? $name].filter((part) => typeof part === "string").join(".")
}

const maxInt = 2 ** 31 - 1

/** Checks the models of a client. Throws `invalid_option` if one is unusable. */
export function checkedFields(models: Models, names: Record<Owner, string>) {
  for (const owner of ["user", "session", "key"] as const) checkModel(models[owner], names[owner], coreFields[owner])
  return {
    createdAt: timeField(models.session, "createdAt"),
    expiresAt: timeField(models.session, "expiresAt"),
    /** Returns the value of a user id; `null` if no user can have it. Throws `invalid_option` for another type. */
    userId: userIdField(models.user),
    /** What the SQL core cannot see in the database: whether 64 bits are a `bigint`. */
    userIdType: typeOf(models.user, "id") === "BigInt" ? ("bigint" as const) : undefined,
    /** Whether user ids are text. Otherwise the database numbers them. */
    hasTextIds: typeOf(models.user, "id") === "String",
    userAttributes: (attributes: Row) => checkedScalars(models.user, names.user, coreFields.user, attributes),
    sessionAttributes: (attributes: Row) =>
      checkedScalars(models.session, names.session, coreFields.session, attributes),
    /** Returns whether a row has all the fields of a session. */
    isWholeSession: (row: Row) => Object.keys(models.session.fields).every((name) => Object.hasOwn(row, name)),
  }
}

function checkModel(model: Model | undefined, name: string, needed: string[]): void {
  if (typeof model?.findFirst !== "function")
    throw new AuthError("invalid_option", `models: the Prisma client has no "${name}"; generate it, or name yours`)
  const missing = needed.filter((field) => typeOf(model, field) === undefined)
  if (missing.length > 0)
    throw new AuthError(
      "invalid_option",
      `model ${name}: no field ${missing.map(quoted).join(", ")}; add it to schema.prisma`,
    )
}

/**
 * Checks that the session model's relation to its user has the name of the user model. Throws `invalid_option`
 * otherwise. Needs the client's own description of the models; a Prisma without one fails at the first validation.
 */
export function checkRelation(client: DescribedClient, models: Models, names: Record<Owner, string>): void {
  const { _runtimeDataModel: description } = client
  const described = description?.models?.[models.session.$name ?? ""]?.fields
  if (!described || described.some(({ name, kind }) => name === names.user && kind === "object")) return
  const relation = described.find(({ type }) => type === models.user.$name)?.name
  const found = relation === undefined ? "none" : quoted(relation)
  throw new AuthError(
    "invalid_option",
    `model ${names.session}: its relation to the user is ${found}; name it "${names.user}" in schema.prisma`,
  )
}

function typeOf({ fields }: Model, name: string): string | undefined {
  return Object.keys(fields).includes(name) ? fields[name]?.typeName : undefined
}

const times: Record<string, (time: number) => unknown> = {
  DateTime: (time) => new Date(time),
  BigInt: (time) => BigInt(time),
  // 32 bits are enough for seconds.
  Int: (time) => Math.floor(time / 1000),
}

function timeField(model: Model, name: string): TimeField {
  const type = typeOf(model, name) ?? ""
  const encode = Object.hasOwn(times, type) ? times[type] : undefined
  if (!encode)
    throw new AuthError("invalid_option", `field ${name}: ${type} cannot hold a time; use DateTime, BigInt or Int`)
  return { encode, decode: (value) => toDate(value, type === "Int" ? 1000 : 1) }
}

function userIdField(user: Model): (id: unknown) => UserId | null {
  const type = typeOf(user, "id")
  if (type === "Int") return (id) => (isInt(id) ? id : null)
  const ids = userIdsOf(type === "BigInt" ? "bigint" : "text")
  return (id) => (ids.encode(id) === null ? null : (id as string | bigint))
}

function isInt(id: unknown): id is number {
  return userIdsOf("integer").encode(id) !== null && Math.abs(Number(id)) <= maxInt
}

/** Rejects relations, because a write through one would reach other rows. */
function checkedScalars(model: Model, name: string, core: string[], attributes: Row): Row {
  for (const [field, value] of Object.entries(attributes)) {
    const type = core.includes(field) ? undefined : typeOf(model, field)
    if (type === undefined) throw unknownAttribute(field, `field of the model "${name}"`)
    if (!isScalar(value, type))
      throw new AuthError("invalid_option", `attributes: ${quoted(field)} is a ${typeof value}; use a ${type}`)
  }
  return attributes
}

/** Prisma treats an object as an operation, such as `{ increment: 1 }`. */
function isScalar(value: unknown, type: string): boolean {
  if (typeof value === "number" && Number.isNaN(value)) return false
  if (typeof value !== "object" || value === null || type === "Json") return true
  if (isDate(value)) return !Number.isNaN(value.getTime())
  return isBytes(value) || Array.isArray(value) || type === "Decimal"
}
