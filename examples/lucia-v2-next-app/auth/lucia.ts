import { betterSqlite3 } from "@lucia-auth/adapter-sqlite"
import { lucia } from "nightlatch/lucia-v2"
import { nextjs } from "nightlatch/lucia-v2/middleware"
import { cookies } from "next/headers"
import { cache } from "react"
import { db } from "./database"

export const auth = lucia({
  adapter: betterSqlite3(db, { user: "user", key: "user_key", session: "user_session" }),
  env: process.env.NODE_ENV === "development" ? "DEV" : "PROD",
  middleware: nextjs(),
  sessionCookie: {
    expires: false,
  },

  getUserAttributes: (data) => {
    return {
      username: data.username,
    }
  },
})

export type Auth = typeof auth

/** The session of the page that is being rendered: asked for once, however many components want it. */
export const getPageSession = cache(() => {
  const authRequest = auth.handleRequest({
    request: null,
    cookies,
  })
  return authRequest.validate()
})
