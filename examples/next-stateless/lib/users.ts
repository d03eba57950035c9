import "server-only"
import { db } from "./db"
import type { UserRow } from "./db"

const columns = "id, name, email, role"

/** Finds a user by id. */
export function findUser(id: string): UserRow | undefined {
  return read(db.prepare(`SELECT ${columns} FROM user WHERE id = ?`).get(id))
}

/** Finds a user by email address, however it is written. */
export function findUserByEmail(email: string): UserRow | undefined {
  return read(db.prepare(`SELECT ${columns} FROM user WHERE email = ?`).get(email))
}

/** Lists all users by name. */
export function listUsers(): UserRow[] {
  return db
    .prepare(`SELECT ${columns} FROM user ORDER BY name, email`)
    .all()
    .flatMap((row) => read(row) ?? [])
}

/** Makes a user the admin if there is none: one statement, so that of two who sign up at once only one becomes it. */
export function makeAdminIfFirst(id: string): void {
  db.prepare(
    "UPDATE user SET role = 'admin' WHERE id = ? AND NOT EXISTS (SELECT 1 FROM user WHERE role = 'admin')",
  ).run(id)
}

/** Gives a user another role. Their sessions still hold the old one: end them. */
export function setRole(id: string, role: UserRow["role"]): void {
  db.prepare("UPDATE user SET role = ? WHERE id = ?").run(role, id)
}

function read(row: Record<string, unknown> | undefined): UserRow | undefined {
  if (!row) return undefined
  const role = row.role === "admin" ? "admin" : "member"
  return { id: String(row.id), name: String(row.name), email: String(row.email), role }
}
