export { createAudit } from "./audit/create-audit.ts"
export type { Audit, AuditDetail, AuditEvent, AuditOptions } from "./audit/create-audit.ts"
export type { AuditAdapter, AuditPlace, AuditRecord } from "./audit/audit-port.ts"
