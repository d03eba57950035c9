import { afterAll, beforeAll } from "vitest"
import { openPage } from "./page-run.ts"
import type { PageDatabase, PageRun } from "./page-run.ts"

/** The user table of the pages, on PostgreSQL. */
export const userTable = 'CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE)'

/** Writes a page's blocks for the tests of a group. */
export function opened(name: string): () => PageRun {
  let page: PageRun
  beforeAll(async () => void (page = await openPage(`docs/databases/${name}.md`)))
  afterAll(() => page.remove())
  return () => page
}

/** Makes a database for the tests of a group, which `renew` replaces by a new one with these tables. */
export function made(open: () => Promise<PageDatabase | null>) {
  let database: PageDatabase | null = null
  const close = async () => database?.close()
  afterAll(close)
  const renew = async (...statements: string[]) => {
    await close()
    database = await open()
    await database!.run(...statements)
  }
  return () => ({ env: database?.env ?? {}, run: async (...all: string[]) => database!.run(...all), renew })
}

/** Returns whether a server is there that databases can be made on. */
export async function isThere(open: () => Promise<PageDatabase | null>): Promise<boolean> {
  const database = await open()
  await database?.close()
  return database !== null
}
