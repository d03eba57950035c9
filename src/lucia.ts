export type { FromLuciaAdapterOptions, LuciaSessionRow, LuciaUserRow } from "./lucia/from-lucia-adapter.ts"
export { fromLuciaAdapter } from "./lucia/from-lucia-adapter.ts"
export type { Adapter, DatabaseSession, DatabaseUser } from "./lucia/lucia-adapter.ts"
