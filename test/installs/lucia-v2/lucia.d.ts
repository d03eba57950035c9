// What the applications and tests of this folder declare to Lucia.
declare namespace Lucia {
  type Auth = import("lucia").Auth
  type DatabaseUserAttributes = { username: string; age?: number | null }
  type DatabaseSessionAttributes = { label?: string | null; device?: string | null }
}
