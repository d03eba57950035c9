import { redisConformance } from "./redis-conformance.ts"

await redisConformance("redis", "redis-pool")
