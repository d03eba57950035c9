import { createEnvelope } from "../envelope/envelope.ts"
import type { Secret } from "../envelope/secrets.ts"
import { toUtf8 } from "../platform/bytes.ts"

/** What is sealed: one kind is never accepted as another. */
export type SealKind = "identifier" | "challenge" | "cookie"

/** What was sealed. */
export interface Sealed {
  /** The key or, but in identifiers, its hash. */
  subject: string
  /** In milliseconds: when it was sealed or, in identifiers, when its session was created. */
  at: number
}

type Written = [kind: SealKind, subject: string, at: number]

/** Seals and opens what browsers keep between requests, so that no store has to. */
export interface Seals {
  seal(...written: Written): Promise<string>
  /** `null` for what was not sealed here, or as another kind. */
  open(kind: SealKind, value: unknown): Promise<Sealed | null>
}

/** Makes the seals. Throws `invalid_option` for invalid secrets. */
export function createSeals(secrets: readonly (Secret | undefined)[]): Seals {
  const envelope = createEnvelope(secrets, "device")
  return {
    seal: async (...written) => envelope.seal(toUtf8(JSON.stringify(written))),
    async open(kind, value) {
      const opened = await envelope.open(value)
      if (typeof opened === "string") return null
      const [sealedAs, subject, at] = JSON.parse(new TextDecoder().decode(opened.plaintext)) as Written
      return sealedAs === kind ? { subject, at } : null
    },
  }
}
