// The declarations for Lucia of this folder's applications and tests.
declare namespace Lucia {
  type Auth = import("lucia").Auth
  type DatabaseUserAttributes = { username: string; age?: number | null }
  type DatabaseSessionAttributes = { label?: string | null; device?: string | null }
}
