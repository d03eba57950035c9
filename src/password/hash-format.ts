// A closed list, because any other text before a hash may be its salt.
const formats: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["argon2id_v16", /^\$argon2id\$(?!v=19\$)/],
  ["argon2id_keyed", /^\$argon2id\$v=19\$[^$]*\b(?:keyid|data)=/],
  ["argon2id", /^\$argon2id\$/],
  ["argon2i", /^\$argon2i\$/],
  ["argon2d", /^\$argon2d\$/],
  ["bcrypt_2x", /^\$2x\$/],
  ["bcrypt", /^\$2[aby]?\$/],
  ["scrypt", /^\$scrypt\$/],
  ["scrypt_werkzeug", /^scrypt:\d+:\d+:\d+\$/],
  ["scrypt_django", /^scrypt\$/],
  ["scrypt_crypt", /^\$7\$/],
  ["yescrypt", /^\$y\$/],
  ["lucia_scrypt", /^(?:s2:)?[\w-]{1,64}:[0-9a-f]{128}$/],
  ["pbkdf2_sha1", /^\$pbkdf2\$|^\$pbkdf2-sha1\$|^pbkdf2_sha1\$|^pbkdf2:sha1:/],
  ["pbkdf2_sha256", /^\$pbkdf2-sha256\$|^pbkdf2_sha256\$|^pbkdf2:sha256:/],
  ["pbkdf2_sha512", /^\$pbkdf2-sha512\$|^pbkdf2_sha512\$|^pbkdf2:sha512:/],
  ["phpass", /^\$[PH]\$/],
  ["drupal_sha512", /^\$S\$/],
  ["md5_crypt", /^\$1\$|^\$apr1\$/],
  ["sha256_crypt", /^\$5\$/],
  ["sha512_crypt", /^\$6\$/],
  ["ldap", /^\{(?:S?SHA|S?SHA256|S?SHA384|S?SHA512|S?MD5|CRYPT|PBKDF2[\w-]*)\}/i],
  ["firebase_scrypt", /^[A-Za-z0-9+/_-]{86}==$/],
  ["hex_128_bits", /^[0-9a-f]{32}$/i],
  ["hex_160_bits", /^[0-9a-f]{40}$/i],
  ["hex_256_bits", /^[0-9a-f]{64}$/i],
  ["hex_512_bits", /^[0-9a-f]{128}$/i],
]

/**
 * Returns the name of a hash's format for a log, such as `argon2i`, `phpass`, `ldap` or `pbkdf2_sha256`. It is
 * `unknown` for formats that are not common. The name contains nothing of the hash.
 */
export function formatOf(hash: string): string {
  return formats.find(([, pattern]) => pattern.test(hash))?.[0] ?? "unknown"
}
