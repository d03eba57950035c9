import sqlite from "better-sqlite3"

export const db = sqlite(process.env.DATABASE ?? "main.db")

db.exec(`CREATE TABLE IF NOT EXISTS user (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL
)`)

db.exec(`CREATE TABLE IF NOT EXISTS session (
    id TEXT NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    FOREIGN KEY (user_id) REFERENCES user(id)
)`)

// Repaired: without it, signing a user out everywhere reads the whole table.
db.exec("CREATE INDEX IF NOT EXISTS session_user_id ON session (user_id)")

export interface DatabaseUser {
  id: string
  username: string
  password_hash: string
}
