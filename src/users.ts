export { createUsers } from "./users/create-users.ts"
export { normalizeEmail } from "./users/normalize-email.ts"
export { normalizeUsername } from "./users/normalize-username.ts"

export type { KeyName } from "./core/ports.ts"
export type { Method, Proof } from "./proof/proof.ts"
export type {
  CreateKeyReason,
  CreateUserReason,
  Key,
  KeyReason,
  NewKey,
  PasswordAttempt,
  RenameKeyReason,
  SignInAuth,
  Users,
  UsersOptions,
} from "./users/users.ts"
