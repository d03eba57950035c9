export { createUsers } from "./users/create-users.ts"
export { normalizeEmail } from "./users/normalize-email.ts"
export { normalizeUsername } from "./users/normalize-username.ts"

export type { KeyName } from "./core/ports.ts"
export type { SessionSource } from "./proof/live-session.ts"
export type { Method, Proof } from "./proof/proof.ts"
export type { Resettable } from "./proof/resets.ts"
export type {
  AccessReset,
  CreateKeyReason,
  CreateUserReason,
  Key,
  KeyReason,
  NewKey,
  PasswordAttempt,
  RenameKeyReason,
  ResetAccessReason,
  SignInAuth,
  SignInDoor,
  Users,
  UsersOptions,
} from "./users/users.ts"
