import { lucia } from "@/lib/auth"
import { db } from "@/lib/db"
import { generateIdFromEntropySize } from "nightlatch/lucia"
import { hash } from "@node-rs/argon2"
import { SqliteError } from "better-sqlite3"

import type { NextApiRequest, NextApiResponse } from "next"

export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  if (req.method !== "POST") {
    res.status(404).end()
    return
  }

  // Repaired: JSON can hold anything. A list of six as the password made argon2 throw, which was a 500.
  const body: null | Partial<{ username: unknown; password: unknown }> = req.body
  const username = body?.username
  if (typeof username !== "string" || username.length < 3 || username.length > 31 || !/^[a-z0-9_-]+$/.test(username)) {
    res.status(400).json({
      error: "Invalid username",
    })
    return
  }
  const password = body?.password
  if (typeof password !== "string" || password.length < 6 || password.length > 255) {
    res.status(400).json({
      error: "Invalid password",
    })
    return
  }

  const passwordHash = await hash(password, {
    // recommended minimum parameters
    memoryCost: 19456,
    timeCost: 2,
    outputLen: 32,
    parallelism: 1,
  })
  const userId = generateIdFromEntropySize(10) // 16 characters long

  try {
    db.prepare("INSERT INTO user (id, username, password_hash) VALUES(?, ?, ?)").run(userId, username, passwordHash)
  } catch (e) {
    // Repaired: the tutorial leaves this to do, and a username that is taken was a 500.
    if (e instanceof SqliteError && e.code === "SQLITE_CONSTRAINT_UNIQUE") {
      res.status(400).json({
        error: "Username already used",
      })
      return
    }
    throw e
  }

  const session = await lucia.createSession(userId, {})
  res.appendHeader("Set-Cookie", lucia.createSessionCookie(session.id).serialize()).status(200).end()
}
