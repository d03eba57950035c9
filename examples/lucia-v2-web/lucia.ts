import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { lucia } from "nightlatch/lucia-v2"
import { web } from "nightlatch/lucia-v2/middleware"
import { db } from "./database.ts"

export const auth = lucia({
  adapter: nodeSqliteAdapter(db),
  // The tutorial left "DEV" here, and so the cookie without Secure.
  env: process.env.NODE_ENV === "production" ? "PROD" : "DEV",
  middleware: web(),
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
