/** The names of the tests' tables, those that refer to users before the user table. */
export const testTableNames = [
  "auth_event",
  "auth_attempt",
  "auth_token",
  "user_totp",
  "user_passkey",
  "session",
  "user_key",
  "user",
]
