import { lucia } from "nightlatch/lucia-v2"
import { web } from "nightlatch/lucia-v2/middleware"
import { betterSqlite3 } from "@lucia-auth/adapter-sqlite"
import { betterSqlite3Adapter } from "../../../../../adapters/better-sqlite3.ts"

declare const database: Parameters<typeof betterSqlite3>[0]
declare const other: Parameters<typeof betterSqlite3Adapter>[0]

const tables = { user: "user", session: "user_session", key: "user_key" }

export const published = lucia({ adapter: betterSqlite3(database, tables), env: "PROD", storedIds: "clear" })
export const own = lucia({ adapter: betterSqlite3Adapter(other), env: "PROD", middleware: web() })

export async function undeclared(request: Request): Promise<string | undefined> {
  const session = await own.handleRequest(request).validate()
  // @ts-expect-error -- web() takes a Request
  own.handleRequest({ req: request })
  return session?.user.userId
}
