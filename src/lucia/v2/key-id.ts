/** Makes the id under which a key is stored. Throws a `TypeError` for a provider with a colon, which would be read wrong. */
export function createKeyId(providerId: string, providerUserId: string): string {
  if (providerId.includes(":")) throw new TypeError("Provider id must not include any colons (:)")
  return `${providerId}:${providerUserId}`
}

/** Reads what {@link createKeyId} has made: the first colon is the one between the two. */
export function readKeyId(keyId: string): { providerId: string; providerUserId: string } {
  const [providerId = "", ...rest] = keyId.split(":")
  return { providerId, providerUserId: rest.join(":") }
}
