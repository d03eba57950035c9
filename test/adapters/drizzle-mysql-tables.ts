import { bigint, datetime, int, mysqlTable, text, varbinary, varchar } from "drizzle-orm/mysql-core"
import { featureDdl, mysqlFeatures } from "./drizzle-feature-tables.ts"
import type { DrizzleShape } from "./drizzle-stores.ts"

const id = () => varchar({ length: 255 }).primaryKey()
const userId = () => varchar("user_id", { length: 255 }).notNull()

const user = mysqlTable("user", {
  email: varchar({ length: 255 }).unique(),
  id: id(),
  username: varchar({ length: 255 }).notNull().unique(),
  role: varchar({ length: 255 }).notNull().default("user"),
})

const key = mysqlTable("user_key", { id: id(), userId: userId(), hashedPassword: text("hashed_password") })

/** Text ids of no case and times in milliseconds; no foreign keys. */
export const mysqlMilliseconds = {
  name: "datetimes of milliseconds",
  tables: {
    ...mysqlFeatures("text"),
    user,
    key,
    session: mysqlTable("session", {
      id: id(),
      userId: userId(),
      createdAt: datetime("created_at", { fsp: 3 }).notNull(),
      expiresAt: datetime("expires_at", { fsp: 3, mode: "string" }).notNull(),
      label: text(),
    }),
  },
  ddl: [...tables("VARCHAR(255)", "DATETIME(3)", ""), ...featureDdl("mysql", "text")],
} satisfies DrizzleShape

/** Times in whole seconds, to which MySQL rounds up and down; session ids as bytes. */
export const mysqlSeconds = {
  name: "datetimes of seconds",
  tables: {
    ...mysqlFeatures("text"),
    user,
    key,
    session: mysqlTable("session", {
      id: varbinary({ length: 255 }).primaryKey(),
      userId: userId(),
      createdAt: datetime("created_at").notNull(),
      expiresAt: datetime("expires_at").notNull(),
      label: text(),
    }),
  },
  ddl: [
    ...tables("VARCHAR(255)", "DATETIME", ", FOREIGN KEY (user_id) REFERENCES user (id)").map((sql) =>
      sql.replace("TABLE session (id VARCHAR", "TABLE session (id VARBINARY"),
    ),
    ...featureDdl("mysql", "text"),
  ],
  precision: 1000,
} satisfies DrizzleShape

/** Integer ids made by the database and times of 64 bits. */
export const mysqlBigints = {
  name: "bigints",
  tables: {
    ...mysqlFeatures("integer"),
    user: mysqlTable("user", {
      id: int().primaryKey().autoincrement(),
      username: varchar({ length: 255 }).notNull().unique(),
    }),
    session: mysqlTable("session", {
      id: id(),
      userId: int("user_id").notNull(),
      createdAt: bigint("created_at", { mode: "number" }).notNull(),
      expiresAt: bigint("expires_at", { mode: "bigint" }).notNull(),
      label: text(),
    }),
    key: mysqlTable("user_key", {
      id: id(),
      userId: int("user_id").notNull(),
      hashedPassword: text("hashed_password"),
    }),
  },
  ddl: [
    ...tables("INT", "BIGINT", ", FOREIGN KEY (user_id) REFERENCES user (id)").map((sql) =>
      sql.replace("id INT PRIMARY KEY", "id INT AUTO_INCREMENT PRIMARY KEY"),
    ),
    ...featureDdl("mysql", "integer"),
  ],
  userId: (n: number) => n,
} satisfies DrizzleShape

function tables(userId: string, time: string, reference: string): string[] {
  return [
    `CREATE TABLE user (id ${userId} PRIMARY KEY, username VARCHAR(255) NOT NULL UNIQUE, role VARCHAR(255) NOT NULL DEFAULT 'user', email VARCHAR(255) UNIQUE)`,
    `CREATE TABLE session (id VARCHAR(255) PRIMARY KEY, user_id ${userId} NOT NULL, created_at ${time}, expires_at ${time}, label TEXT${reference})`,
    // Unique by bytes: the library cannot make it so.
    `CREATE TABLE user_key (id VARCHAR(255) COLLATE utf8mb4_bin PRIMARY KEY, user_id ${userId} NOT NULL, hashed_password TEXT${reference})`,
  ]
}
