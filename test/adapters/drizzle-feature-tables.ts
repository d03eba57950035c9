import type { Table } from "drizzle-orm"
import { bigint as mysqlBigint, int, mysqlTable, text as mysqlText, varbinary } from "drizzle-orm/mysql-core"
import { bigint, integer, pgTable, text, uuid } from "drizzle-orm/pg-core"
import { integer as sqliteInteger, sqliteTable, text as sqliteText } from "drizzle-orm/sqlite-core"
import type { DialectName } from "../../adapters/sql/dialect.ts"
import { schema } from "../../adapters/sql.ts"
import type { UserIdType } from "../../adapters/sql.ts"

/** The tables of features, as Drizzle knows them. */
export interface FeatureTables {
  token: Table
  attempt: Table
  totp: Table
  passkey: Table
  event: Table
}

/** Makes the tables for SQLite. */
export function sqliteFeatures(userId: "text" | "integer"): FeatureTables {
  const owner = () => (userId === "text" ? sqliteText("user_id") : sqliteInteger("user_id"))
  return {
    token: sqliteTable("auth_token", {
      id: sqliteText().primaryKey(),
      purpose: sqliteText().notNull(),
      userId: owner(),
      expiresAt: sqliteInteger("expires_at"),
      attempts: sqliteInteger().notNull(),
      data: sqliteText().notNull(),
    }),
    attempt: sqliteTable("auth_attempt", { id: sqliteText().primaryKey(), until: sqliteInteger().notNull() }),
    totp: sqliteTable("user_totp", {
      userId: owner().primaryKey(),
      secret: sqliteText().notNull(),
      usedStep: sqliteInteger("used_step").notNull(),
      createdAt: sqliteInteger("created_at").notNull(),
    }),
    passkey: sqliteTable("user_passkey", {
      id: sqliteText().primaryKey(),
      userId: owner().notNull(),
      publicKey: sqliteText("public_key").notNull(),
      algorithm: sqliteInteger().notNull(),
      signCount: sqliteInteger("sign_count").notNull(),
      backupEligible: sqliteInteger("backup_eligible").notNull(),
      backedUp: sqliteInteger("backed_up").notNull(),
      aaguid: sqliteText().notNull(),
      transports: sqliteText().notNull(),
      name: sqliteText().notNull(),
      createdAt: sqliteInteger("created_at").notNull(),
      usedAt: sqliteInteger("used_at"),
    }),
    event: sqliteTable("auth_event", {
      id: sqliteText().primaryKey(),
      at: sqliteInteger().notNull(),
      type: sqliteText().notNull(),
      userId: owner(),
      sessionId: sqliteText("session_id"),
      detail: sqliteText().notNull(),
    }),
  }
}

/** Makes the tables for PostgreSQL. */
export function postgresFeatures(userId: "text" | "uuid" | "bigint"): FeatureTables {
  const owners = { text: () => text("user_id"), uuid: () => uuid("user_id") }
  const owner = () => (userId === "bigint" ? bigint("user_id", { mode: "bigint" }) : owners[userId]())
  return {
    token: pgTable("auth_token", {
      id: text().primaryKey(),
      purpose: text().notNull(),
      userId: owner(),
      expiresAt: bigint("expires_at", { mode: "number" }),
      attempts: integer().notNull(),
      data: text().notNull(),
    }),
    attempt: pgTable("auth_attempt", { id: text().primaryKey(), until: bigint({ mode: "number" }).notNull() }),
    totp: pgTable("user_totp", {
      userId: owner().primaryKey(),
      secret: text().notNull(),
      usedStep: bigint("used_step", { mode: "number" }).notNull(),
      createdAt: bigint("created_at", { mode: "number" }).notNull(),
    }),
    passkey: pgTable("user_passkey", {
      id: text().primaryKey(),
      userId: owner().notNull(),
      publicKey: text("public_key").notNull(),
      algorithm: integer().notNull(),
      signCount: bigint("sign_count", { mode: "number" }).notNull(),
      backupEligible: integer("backup_eligible").notNull(),
      backedUp: integer("backed_up").notNull(),
      aaguid: text().notNull(),
      transports: text().notNull(),
      name: text().notNull(),
      createdAt: bigint("created_at", { mode: "bigint" }).notNull(),
      usedAt: bigint("used_at", { mode: "number" }),
    }),
    event: pgTable("auth_event", {
      id: text().primaryKey(),
      at: bigint({ mode: "bigint" }).notNull(),
      type: text().notNull(),
      userId: owner(),
      sessionId: text("session_id"),
      detail: text().notNull(),
    }),
  }
}

/** Makes the tables for MySQL. */
export function mysqlFeatures(userId: "text" | "integer"): FeatureTables {
  const id = () => varbinary({ length: 255 }).primaryKey()
  const owner = () => (userId === "text" ? varbinary("user_id", { length: 255 }) : int("user_id"))
  return {
    token: mysqlTable("auth_token", {
      id: id(),
      purpose: varbinary({ length: 48 }).notNull(),
      userId: owner(),
      expiresAt: mysqlBigint("expires_at", { mode: "number" }),
      attempts: int().notNull(),
      data: mysqlText().notNull(),
    }),
    attempt: mysqlTable("auth_attempt", { id: id(), until: mysqlBigint({ mode: "number" }).notNull() }),
    totp: mysqlTable("user_totp", {
      userId: owner().primaryKey(),
      secret: mysqlText().notNull(),
      usedStep: mysqlBigint("used_step", { mode: "number" }).notNull(),
      createdAt: mysqlBigint("created_at", { mode: "number" }).notNull(),
    }),
    passkey: mysqlTable("user_passkey", {
      id: varbinary({ length: 1400 }).primaryKey(),
      userId: owner().notNull(),
      publicKey: mysqlText("public_key").notNull(),
      algorithm: int().notNull(),
      signCount: mysqlBigint("sign_count", { mode: "number" }).notNull(),
      backupEligible: int("backup_eligible").notNull(),
      backedUp: int("backed_up").notNull(),
      aaguid: varbinary({ length: 48 }).notNull(),
      transports: mysqlText().notNull(),
      name: mysqlText().notNull(),
      createdAt: mysqlBigint("created_at", { mode: "number" }).notNull(),
      usedAt: mysqlBigint("used_at", { mode: "number" }),
    }),
    event: mysqlTable("auth_event", {
      id: id(),
      at: mysqlBigint({ mode: "number" }).notNull(),
      type: varbinary({ length: 48 }).notNull(),
      userId: owner(),
      sessionId: varbinary("session_id", { length: 255 }),
      detail: mysqlText().notNull(),
    }),
  }
}

/** Returns the statements that create the tables, without references: deleting a user must also delete the tokens. */
export function featureDdl(dialect: DialectName, userIdType: UserIdType): string[] {
  const statements = schema(dialect, { userIdType, include: ["tokens", "throttle", "totp", "passkeys", "audit"] })
  return statements
    .filter((sql) => /auth_|user_totp|user_passkey/.test(sql))
    .map((sql) => sql.replace(/ REFERENCES .* ON DELETE CASCADE/, ""))
}
