declare namespace Lucia {
  type Auth = import("./auth.ts").Auth
  type DatabaseUserAttributes = { username: string; password_age: number }
  type DatabaseSessionAttributes = { label: string }
}
