// What the applications and tests of this folder register with Lucia.
import "lucia"

declare module "lucia" {
  interface Register {
    DatabaseUserAttributes: { username: string }
    DatabaseSessionAttributes: { label?: string | null; device?: string | null }
  }
}
