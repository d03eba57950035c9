import "server-only"
import { createStatelessAuth } from "nightlatch/stateless"
import { z } from "zod"
import { revocations } from "./db"
import { sessionSecrets } from "./secrets"

/** What is sealed into the cookie, as it was at the sign-in. No email address: a cookie is not for profiles. */
const attributes = z.object({ name: z.string(), role: z.enum(["member", "admin"]) })
type Attributes = z.infer<typeof attributes>

/** The sessions. A separate file, because the proxy needs it too, and must not hash passwords. */
export const auth = createStatelessAuth<Attributes, Attributes>({
  secrets: sessionSecrets(),
  session: { idleTimeout: "7d", absoluteTimeout: "30d" },
  // Safari drops Secure cookies on http://localhost.
  cookie: { secure: process.env.NODE_ENV === "production" },
  attributes,
  // What pages and Client Components see of it.
  getUserAttributes: ({ name, role }) => ({ name, role }),
  revocations,
})
