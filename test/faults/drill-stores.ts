import mysql from "mysql2/promise"
import pg from "pg"
import { createClient } from "redis"
import { memoryAdapter } from "../../adapters/memory.ts"
import { mysql2Adapter } from "../../adapters/mysql2.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { redisAdapter } from "../../adapters/redis.ts"
import type { AssuranceRow } from "../../src/sign-in/assurance.ts"
import type { UserRow, WorldAdapter } from "./world.ts"

/** A store of a drill, opened as an application would. Calls that wait for a server or a lost reply give up. */
export interface DrillStore {
  adapter: WorldAdapter
  close(): Promise<unknown>
}

export type DrillStoreName = keyof typeof openers

/** How many connections a process has at most. */
export const poolSize = 4

// In milliseconds.
const patience = 2000

/** Opens a store whose tables are there. */
export function openDrillStore(name: DrillStoreName, url: string): Promise<DrillStore> {
  return openers[name](url)
}

const openers = {
  async PostgreSQL(url: string): Promise<DrillStore> {
    const limits = { connectionTimeoutMillis: patience, query_timeout: patience }
    const pool = new pg.Pool({ connectionString: url, max: poolSize, ...limits })
    pool.on("error", () => undefined)
    return { adapter: pgAdapter<UserRow, AssuranceRow>(pool), close: () => pool.end() }
  },

  async MariaDB(url: string): Promise<DrillStore> {
    const pool = mysql.createPool({ uri: url, connectionLimit: poolSize, connectTimeout: patience })
    return { adapter: mysql2Adapter<UserRow, AssuranceRow>(pool), close: () => pool.end() }
  },

  /** It knows no users: each process has the same ones in its memory. */
  async Redis(url: string): Promise<DrillStore> {
    const client = createClient({ url, socket: { connectTimeout: patience }, disableOfflineQueue: true })
    client.on("error", () => undefined)
    await client.connect()
    const adapter = { ...memoryAdapter<UserRow, AssuranceRow>(), ...redisAdapter<AssuranceRow>(client) }
    return { adapter, close: async () => client.destroy() }
  },
}
