import { lucia } from "nightlatch/lucia-v2"
import type { Adapter, InitializeAdapter } from "nightlatch/lucia-v2"
import { nextjs } from "nightlatch/lucia-v2/middleware"

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
