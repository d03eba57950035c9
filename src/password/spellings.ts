/**
 * Lists the spellings in which a password may have been hashed: in NFC (NIST SP 800-63B-4, 3.1.1.2), as typed, and in NFD.
 * Other systems hash what the keyboard gave them, and keyboards differ. ASCII has one spelling.
 */
export function spellingsOf(password: string): string[] {
  return [...new Set([password.normalize("NFC"), password, password.normalize("NFD")])]
}
