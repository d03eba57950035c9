import type { Emit } from "../core/events.ts"
import { invalidOption } from "../core/options.ts"
import type { UserAdapter, UserId } from "../core/ports.ts"
import type { PasskeyAdapter } from "../passkeys/passkey-port.ts"
import type { PasswordPolicy } from "../password/check-password.ts"
import type { SessionSource } from "../proof/live-session.ts"
import type { TokenAdapter } from "../tokens/token-port.ts"
import type { TotpAdapter } from "../totp/totp-port.ts"
import type { ResetModule } from "./reset-modules.ts"
import type { GuardedHasher } from "./guarded-hasher.ts"
import type { KeyIds } from "./key-finder.ts"

/** The users' adapter, which may also keep tokens and second factors. */
export type UserStore<UserRow, NewUser> = UserAdapter<UserRow, NewUser> &
  Partial<
    Pick<TokenAdapter, "deleteTokens"> &
      Pick<TotpAdapter, "deleteTotp"> &
      Pick<PasskeyAdapter, "listPasskeys" | "deletePasskey" | "deletePasskeys">
  >

/** What the parts of `createUsers()` share. */
export interface UsersParts<Id extends UserId = UserId> extends GuardedHasher {
  auth: SessionSource<Id> | undefined
  emit: Emit
  ids: KeyIds
  /** The realm of the proofs made here. */
  realm: string
  resets: readonly ResetModule<Id>[] | undefined
  passwordPolicy: PasswordPolicy | undefined
  passwordProviders: readonly string[]
}

/** Throws `invalid_option` if keys of a provider have no passwords. */
export function requirePasswordProvider(
  providerId: string,
  { passwordProviders }: Pick<UsersParts, "passwordProviders">,
): void {
  if (passwordProviders.includes(providerId)) return
  throw invalidOption(
    "providerId",
    providerId,
    "has no passwords; leave the password out, or add it to passwordProviders",
  )
}
