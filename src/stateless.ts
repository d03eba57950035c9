export { cachedRevocations } from "./stateless/cached-revocations.ts"
export { createSnapshots } from "./stateless/create-snapshots.ts"
export { createStatelessAuth } from "./stateless/create-stateless-auth.ts"
export { memoryRevocations } from "./stateless/memory-revocations.ts"

export type { Revocations } from "./core/ports.ts"
export type { StatelessAuth, StatelessAuthOptions } from "./stateless/auth.ts"
export type { CacheOptions } from "./stateless/cached-revocations.ts"
export type {
  Snapshot,
  SnapshotMember,
  Snapshots,
  SnapshotSession,
  SnapshotsOptions,
} from "./stateless/create-snapshots.ts"
export type { StandardResult, StandardSchema } from "./stateless/schema.ts"
export type { Secret } from "./envelope/secrets.ts"
