export { createUsers } from "./users/create-users.ts"
export { normalizeUsername } from "./users/normalize-username.ts"

export type { CreateUserReason, Key, KeyReason, NewKey, SignInAuth, Users, UsersOptions } from "./users/users.ts"
