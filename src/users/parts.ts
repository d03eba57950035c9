import type { Emit } from "../core/events.ts"
import { invalidOption } from "../core/options.ts"
import type { PasswordPolicy } from "../password/check-password.ts"
import type { GuardedHasher } from "./guarded-hasher.ts"
import type { KeyIds } from "./key-finder.ts"

/** What the parts of `createUsers()` share. */
export interface UsersParts extends GuardedHasher {
  emit: Emit
  ids: KeyIds
  passwordPolicy: PasswordPolicy | undefined
  passwordProviders: readonly string[]
}

/** Throws `invalid_option` for a provider whose keys have no passwords. */
export function requirePasswordProvider(providerId: string, { passwordProviders }: UsersParts): void {
  if (passwordProviders.includes(providerId)) return
  throw invalidOption(
    "providerId",
    providerId,
    "has no passwords; leave the password out, or add it to passwordProviders",
  )
}
