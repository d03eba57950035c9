/** How WebCrypto makes keys and signs with them, by their names in JOSE (RFC 7518, RFC 8037). */
export const keyKinds = {
  ES256: { key: { name: "ECDSA", namedCurve: "P-256" }, sign: { name: "ECDSA", hash: "SHA-256" } },
  Ed25519: { key: { name: "Ed25519" }, sign: { name: "Ed25519" } },
  RS256: {
    key: {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
    },
    sign: { name: "RSASSA-PKCS1-v1_5" },
  },
}

/** What makes a signature wrong: another bit, zeros, and other lengths. */
export const signatureChanges = [
  (bytes) => bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
  (bytes) => bytes.map(() => 0),
  (bytes) => bytes.subarray(0, -1),
  (bytes) => bytes.subarray(0, 1),
  (bytes) => Uint8Array.from([...bytes, 0]),
]
