// The flags of authenticator data (Web Authentication Level 3, section 6.1).
export const userPresent = 0x01
export const userVerified = 0x04
export const backupEligible = 0x08
export const backedUp = 0x10
export const hasCredential = 0x40
export const hasExtensions = 0x80
