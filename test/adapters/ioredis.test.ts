import { redisConformance } from "./redis-conformance.ts"

await redisConformance("ioredis")
