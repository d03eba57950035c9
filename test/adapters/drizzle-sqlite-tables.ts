import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core"
import { featureDdl, sqliteFeatures } from "./drizzle-feature-tables.ts"
import type { DrizzleShape } from "./drizzle-stores.ts"

const user = sqliteTable("user", {
  // Not first, and null: a join must not take this row for none.
  email: text().unique(),
  id: text().primaryKey(),
  username: text().notNull().unique(),
  role: text().notNull().default("user"),
})

const session = sqliteTable("session", {
  id: text().primaryKey(),
  userId: text("user_id").notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
  expiresAt: integer("expires_at", { mode: "timestamp_ms" }).notNull(),
  label: text(),
})

const key = sqliteTable("user_key", {
  id: text().primaryKey(),
  userId: text("user_id").notNull(),
  hashedPassword: text("hashed_password"),
})

/** Text ids and times in milliseconds; columns of no case, and no foreign keys. */
export const sqliteMilliseconds = {
  name: "integers of milliseconds",
  tables: { user, session, key, ...sqliteFeatures("text") },
  ddl: [...tables("TEXT COLLATE NOCASE", "INTEGER", ""), ...featureDdl("sqlite", "text")],
} satisfies DrizzleShape

const numberedUser = sqliteTable("user", {
  id: integer().primaryKey({ autoIncrement: true }),
  username: text().notNull().unique(),
})

/** Integer ids made by the database and times in seconds. */
export const sqliteSeconds = {
  name: "integers of seconds",
  tables: {
    ...sqliteFeatures("integer"),
    user: numberedUser,
    session: sqliteTable("session", {
      id: text().primaryKey(),
      userId: integer("user_id").notNull(),
      createdAt: integer("created_at", { mode: "timestamp" }).notNull(),
      expiresAt: integer("expires_at", { mode: "timestamp" }).notNull(),
      label: text(),
    }),
    key: sqliteTable("user_key", {
      id: text().primaryKey(),
      userId: integer("user_id").notNull(),
      hashedPassword: text("hashed_password"),
    }),
  },
  ddl: [...tables("INTEGER", "INTEGER", ` REFERENCES "user" (id)`), ...featureDdl("sqlite", "integer")],
  precision: 1000,
  userId: (n: number) => n,
} satisfies DrizzleShape

/** Times as text, and as plain numbers. */
export const sqliteText = {
  name: "text and plain numbers",
  tables: {
    ...sqliteFeatures("text"),
    user,
    key,
    session: sqliteTable("session", {
      id: text().primaryKey(),
      userId: text("user_id").notNull(),
      createdAt: integer("created_at").notNull(),
      expiresAt: text("expires_at").notNull(),
      label: text(),
    }),
  },
  ddl: [
    ...tables("TEXT", "INTEGER", ` REFERENCES "user" (id)`).map((sql) =>
      sql.replace("expires_at INTEGER", "expires_at TEXT"),
    ),
    ...featureDdl("sqlite", "text"),
  ],
} satisfies DrizzleShape

function tables(userId: string, time: string, reference: string): string[] {
  return [
    `CREATE TABLE "user" (id ${userId} PRIMARY KEY, username TEXT NOT NULL UNIQUE, role TEXT NOT NULL DEFAULT 'user', email TEXT UNIQUE)`,
    `CREATE TABLE session (id TEXT COLLATE NOCASE PRIMARY KEY, user_id ${userId} NOT NULL${reference}, created_at ${time}, expires_at ${time}, label TEXT)`,
    `CREATE TABLE user_key (id TEXT PRIMARY KEY, user_id ${userId} NOT NULL${reference}, hashed_password TEXT)`,
  ]
}
