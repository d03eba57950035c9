export { createUsers } from "./users/create-users.ts"
export { normalizeUsername } from "./users/normalize-username.ts"

export type { Method, Proof } from "./proof/proof.ts"
export type {
  CreateUserReason,
  Key,
  KeyName,
  KeyReason,
  NewKey,
  PasswordAttempt,
  SignInAuth,
  Users,
  UsersOptions,
} from "./users/users.ts"
