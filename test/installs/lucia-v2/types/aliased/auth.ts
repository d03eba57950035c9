import { lucia } from "lucia"
import type { Adapter, InitializeAdapter } from "lucia"
import { nextjs } from "lucia/middleware"

declare const adapter: InitializeAdapter<Adapter>

export const auth = lucia({
  adapter,
  env: "DEV",
  middleware: nextjs(),
  sessionCookie: { expires: false },
  getUserAttributes: (data) => ({ username: data.username }),
  getSessionAttributes: (data) => ({ label: data.label }),
})

export type Auth = typeof auth
