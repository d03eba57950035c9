/** How long a handle is good, in milliseconds. A page with a sign-in form may be open for long before it is used. */
export const handleLifetime = 3_600_000
/** How many random bytes a handle has, which make its challenge unique. */
export const saltBytes = 16
/** How many bytes the id of a passkey has at least (Web Authentication Level 3, section 4). */
export const minIdBytes = 16
/** How many characters it has at most: those of 1,023 bytes in base64url. */
export const maxId = 1364
/** How many characters any other field of a response has at most. */
export const maxField = 65_536
/** How many characters a user handle has at most: those of 64 bytes in base64url. */
export const maxUserHandle = 86
/** How many transports are kept of a passkey. */
export const maxTransports = 16
/** How many bytes a passkey's name has at most. */
export const maxNameBytes = 255
