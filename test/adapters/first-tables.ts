import type { DialectName } from "../../adapters/sql/dialect.ts"

/**
 * The session and key tables as the first release made them, written down and never changed. Applications have them, and
 * no later release may want another column, table or index.
 */
export const firstTables: Record<DialectName, string[]> = {
  sqlite: [
    `CREATE TABLE IF NOT EXISTS "session" (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID`,
    `CREATE INDEX IF NOT EXISTS "session_user_id" ON "session" (user_id)`,
    `CREATE TABLE IF NOT EXISTS "user_key" (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  hashed_password TEXT
) WITHOUT ROWID`,
    `CREATE INDEX IF NOT EXISTS "user_key_user_id" ON "user_key" (user_id)`,
  ],
  postgres: [
    `CREATE TABLE IF NOT EXISTS "session" (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS "session_user_id" ON "session" (user_id)`,
    `CREATE INDEX IF NOT EXISTS "session_expires_at" ON "session" (expires_at)`,
    `CREATE TABLE IF NOT EXISTS "user_key" (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
  hashed_password TEXT
)`,
    `CREATE INDEX IF NOT EXISTS "user_key_user_id" ON "user_key" (user_id)`,
  ],
  mysql: [
    `CREATE TABLE IF NOT EXISTS \`session\` (
  id VARBINARY(255) NOT NULL PRIMARY KEY,
  user_id VARBINARY(255) NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  INDEX \`session_user_id\` (user_id),
  INDEX \`session_expires_at\` (expires_at)
)`,
    `CREATE TABLE IF NOT EXISTS \`user_key\` (
  id VARBINARY(512) NOT NULL PRIMARY KEY,
  user_id VARBINARY(255) NOT NULL,
  hashed_password VARBINARY(1024),
  INDEX \`user_key_user_id\` (user_id)
)`,
  ],
}
