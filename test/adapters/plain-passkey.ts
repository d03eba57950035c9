import type { PasskeyRecord } from "../../src/passkeys/passkey-port.ts"

/** What a passkey needs besides an id and a user, for tests of its table. */
export const plainPasskey: Omit<PasskeyRecord, "id" | "userId"> = {
  publicKey: "AA",
  algorithm: -7,
  signCount: 0,
  backupEligible: false,
  backedUp: false,
  aaguid: "",
  transports: [],
  name: "",
  createdAt: new Date(1),
  usedAt: null,
}
