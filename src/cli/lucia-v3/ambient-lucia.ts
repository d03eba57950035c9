import type { Type } from "ts-morph"

/** The file name of {@link ambientLucia}. The file is never written. */
export const ambientFile = "nightlatch-migrate-ambient-lucia.d.ts"

/** The parts of Lucia's types that the migration needs, in case Lucia is not installed. */
export const ambientLucia = `declare module "lucia" {
  export interface Session { id: string; userId: any; expiresAt: Date; fresh: boolean; [attribute: string]: any }
  export interface User { id: any; [attribute: string]: any }
  export interface Register {}
  type Validated = { user: User; session: Session } | { user: null; session: null }
  export class Lucia {
    constructor(adapter: any, options?: any)
    readonly sessionCookieName: string
    createSession(userId: any, attributes: any, options?: any): Promise<Session>
    validateSession(sessionId: string): Promise<Validated>
    getUserSessions(userId: any): Promise<Session[]>
    invalidateSession(sessionId: string): Promise<void>
    invalidateUserSessions(userId: any): Promise<void>
    deleteExpiredSessions(): Promise<void>
    readSessionCookie(header: any): string | null
    readBearerToken(header: any): string | null
    createSessionCookie(sessionId: string): Cookie
    createBlankSessionCookie(): Cookie
  }
  export class Cookie {
    constructor(name: string, value: string, attributes: any)
    name: string
    value: string
    attributes: any
    serialize(): string
  }
  export class TimeSpan { constructor(value: number, unit: string); milliseconds(): number; seconds(): number }
  export class Scrypt { hash(password: string): Promise<string>; verify(hash: string, password: string): Promise<boolean> }
  export class LegacyScrypt extends Scrypt {}
  export function generateId(length: number): string
  export function generateIdFromEntropySize(size: number): string
  export function verifyRequestOrigin(origin: string, allowed: string[]): boolean
}
${["nightlatch/lucia", ...distModules()].map((name) => `declare module "${name}" {\n  export * from "lucia"\n}\n`).join("")}`

function distModules(): string[] {
  const files = ["index", "core", "crypto", "database", "request"]
  return files.flatMap((file) => [`lucia/dist/${file}`, `lucia/dist/${file}.js`])
}

/** Returns whether a type is Lucia's type with this name, or a nullable one. */
export function isLuciaType(type: Type, name: "Session" | "Lucia"): boolean {
  const symbol = type.getNonNullableType().getSymbol()
  if (symbol?.getName() !== name) return false
  return symbol.getDeclarations().some((each) => each.getSourceFile().getBaseName() === ambientFile)
}
