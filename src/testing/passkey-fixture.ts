import type { UserId } from "../core/ports.ts"
import type { PasskeyAdapter, PasskeyRecord, PasskeyUse } from "../passkeys/passkey-port.ts"
import type { AnyAdapter } from "./adapter-case.ts"
import { expectEqual, format } from "./expectation.ts"
import { shift } from "./session-fixture.ts"

/** The creation time of passkey 0, in 2025. */
export const firstPasskeyAt = new Date(Date.UTC(2025, 0, 1, 0, 0, 0, 123))

/** Returns the id of passkey `n`: base64url of a usual length, in both cases, with a long common prefix. */
export function passkeyIdOf(n: number): string {
  return `aB3-_Zyx9KlmNopQ${n.toString(16).padStart(16, "0")}eF`
}

/** Creates passkey `n` of a user, never used. A higher `n` is newer. */
export function passkeyOf(userId: UserId, n: number, changes: Partial<PasskeyRecord> = {}): PasskeyRecord {
  return {
    id: passkeyIdOf(n),
    userId,
    publicKey: `MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE_${n}-xY`,
    algorithm: -7,
    signCount: 5,
    backupEligible: true,
    backedUp: false,
    aaguid: "08987058-cadc-4b81-b6e1-30de50dcbe96",
    transports: ["internal", "hybrid"],
    name: `Passkey ${n}`,
    createdAt: shift(firstPasskeyAt, n * 60_000),
    usedAt: null,
    ...changes,
  }
}

/** Creates a use of a passkey, which sets its counter. */
export function useOf(signCount: number, changes: Partial<PasskeyUse> = {}): PasskeyUse {
  return { signCount, backedUp: true, usedAt: shift(firstPasskeyAt, 7_001), ...changes }
}

/** Creates the helpers of the passkey port's cases, in addition to {@link startTrial}. */
export function passkeyChecks(adapter: AnyAdapter & PasskeyAdapter) {
  /** Stores passkey `n` for a user, and resolves to it. Throws unless it is stored. */
  async function addPasskey(userId: UserId, n: number, changes?: Partial<PasskeyRecord>): Promise<PasskeyRecord> {
    const passkey = passkeyOf(userId, n, changes)
    expectEqual("insertPasskey()", await adapter.insertPasskey(passkey), true)
    return passkey
  }

  /** Throws unless the store holds exactly these passkeys' values. */
  async function expectPasskeys(...passkeys: PasskeyRecord[]): Promise<void> {
    for (const passkey of passkeys) {
      const found = await adapter.findPasskey(passkey.id)
      expectEqual(`findPasskey(${format(passkey.id)})`, found && fieldsOf(found), fieldsOf(passkey))
    }
  }

  /** Throws if the store holds one of these passkeys. */
  async function expectNoPasskey(...passkeys: Pick<PasskeyRecord, "id">[]): Promise<void> {
    for (const { id } of passkeys) expectEqual(`findPasskey(${format(id)})`, await adapter.findPasskey(id), null)
  }

  /** Throws unless exactly these passkeys of the user are listed, in this order. */
  async function expectOwned(userId: UserId, ...passkeys: PasskeyRecord[]): Promise<void> {
    const listed = await adapter.listPasskeys(userId)
    expectEqual(`listPasskeys(${format(userId)})`, listed.map(fieldsOf), passkeys.map(fieldsOf))
  }

  return { addPasskey, expectPasskeys, expectNoPasskey, expectOwned }
}

/** Returns exactly the fields of a passkey. */
function fieldsOf(passkey: PasskeyRecord): PasskeyRecord {
  const { id, userId, publicKey, algorithm, signCount, backupEligible, backedUp } = passkey
  const { aaguid, transports, name, createdAt, usedAt } = passkey
  const credential = { id, userId, publicKey, algorithm, signCount, backupEligible, backedUp }
  return { ...credential, aaguid, transports, name, createdAt, usedAt }
}
