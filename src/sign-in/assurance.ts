import type { Method } from "../proof/proof.ts"
import { isMethod, levelOf } from "./kinds.ts"

/**
 * The session columns that hold how and when users proved who they are, for `sessionColumns` of `schema`.
 *
 * @example
 * const statements = schema("sqlite", { sessionColumns: { ...assuranceColumns, label: "TEXT" } })
 */
export const assuranceColumns = { methods: "TEXT", authenticated_at: "BIGINT" } as const

/** The columns of {@link assuranceColumns} as a store returns them. */
export interface AssuranceRow {
  /** Each method with its time in milliseconds: `password@1764460800000,totp@1764460812000`. */
  methods?: string | null
  /** The latest of these times. */
  authenticated_at?: number | bigint | string | null
}

/** When each method was used last. */
export type ProvenAt = Partial<Record<Method, Date>>

/** How a user proved who they are in a session. */
export interface Assurance {
  methods: Method[]
  /** When each method was used last. */
  provenAt: ProvenAt
  /** When the user last proved who they are. `null` if nothing was stored. */
  authenticatedAt: Date | null
  /** 2 if a passkey was used, or a TOTP or recovery code besides a first factor; otherwise 1. */
  level: 1 | 2
}

/**
 * Reads {@link assuranceColumns}, for `getSessionAttributes`. Never throws: what cannot be read proves nothing. Pass on all of
 * it: without `provenAt`, sign-ins store nothing of their proofs, and `recent` throws.
 *
 * @example
 * const auth = createAuth({ adapter, proofsOnly: true, getSessionAttributes: (row) => ({ ...assurance(row), label: row.label }) })
 */
export function assurance(row: AssuranceRow): Assurance {
  const provenAt: ProvenAt = {}
  for (const [, method = "", at] of String(row.methods).matchAll(/(\w+)@(\d{1,15})(?!\d)/g))
    if (isMethod(method)) provenAt[method] = new Date(Number(at))
  const methods = Object.keys(provenAt) as Method[]
  const authenticatedAt = new Date(Number(row.authenticated_at ?? NaN))
  return {
    methods,
    provenAt,
    authenticatedAt: Number.isNaN(authenticatedAt.getTime()) ? null : authenticatedAt,
    level: levelOf(methods),
  }
}

/** Writes {@link assuranceColumns}, from dates or milliseconds. */
export function columnsOf(times: Partial<Record<Method, Date | number>>): AssuranceRow {
  const methods = Object.entries(times).map(([method, at]) => `${method}@${Number(at)}`)
  return { methods: methods.join(), authenticated_at: Math.max(...Object.values(times).map(Number)) }
}
