// The types that this folder's applications and tests register with Lucia.
import "lucia"

declare module "lucia" {
  interface Register {
    DatabaseUserAttributes: { username: string }
    DatabaseSessionAttributes: { label?: string | null; device?: string | null }
  }
}
