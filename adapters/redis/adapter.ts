import type { SessionAdapter } from "../../src/core/ports.ts"
import type { ThrottleAdapter } from "../../src/throttle/throttle-port.ts"
import type { TokenAdapter } from "../../src/tokens/token-port.ts"
import type { KeyValueOptions } from "../key-value/fields.ts"
import { redisAttempts } from "./attempts.ts"
import type { RedisExecutor } from "./executor.ts"
import { redisSessions } from "./sessions.ts"
import { redisStore } from "./store.ts"
import { redisTokens } from "./tokens.ts"

/** The ports that Redis can store: sessions, one-time tokens and rate-limit budgets. */
export type RedisAdapter<SessionRow extends object = {}> = SessionAdapter<never, SessionRow> &
  TokenAdapter &
  ThrottleAdapter

/** Creates an adapter from a client. Throws `invalid_option` for invalid options. */
export function createRedisAdapter<SessionRow extends object>(
  client: RedisExecutor,
  options: KeyValueOptions,
): RedisAdapter<SessionRow> {
  const store = redisStore(client, options)
  return { ...redisSessions<SessionRow>(store), ...redisTokens(store), ...redisAttempts(store) }
}
