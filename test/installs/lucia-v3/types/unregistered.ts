import { Lucia } from "nightlatch/lucia"
import type { Adapter } from "nightlatch/lucia"
import { BetterSqlite3Adapter } from "@lucia-auth/adapter-sqlite"

declare const adapter: Adapter
declare const published: BetterSqlite3Adapter

export async function unregistered(): Promise<string | undefined> {
  const lucia = new Lucia(adapter)
  await lucia.createSession("ada", {})
  // @ts-expect-error -- user ids are text
  await lucia.createSession(1, {})
  return (await new Lucia(published, { storedIds: "clear" }).validateSession("id")).user?.id
}
