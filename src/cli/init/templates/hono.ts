/** The routes of Hono 4. */
export const honoRoutes = `import { Hono } from "hono"
import type { Context } from "hono"
import { bodyLimit } from "hono/body-limit"
import { createMiddleware } from "hono/factory"
import type { InferUser } from "nightlatch"
import { createHonoAuth } from "nightlatch/hono"
import type { HonoAuthEnv } from "nightlatch/hono"
import { safeRedirect } from "nightlatch/web"
import { auth } from "./auth.ts"
import { checkCredentials, createAccount } from "./credentials.ts"
import { profilePage, signInPage, signUpPage } from "./pages.ts"

«type Env = HonoAuthEnv<typeof auth>
type UserEnv = Env & { Variables: { user: InferUser<typeof auth> } }

»/** Protects a route. Signed-in users go on, and \`c.var.user\` is the user. Others go to the sign-in page. */
export const requireUser = createMiddleware«<UserEnv>»(async (c, next) => {
  const signedIn = await c.var.auth.validate()
  const { pathname, search } = new URL(c.req.url)
  if (!signedIn) return c.redirect(\`/sign-in?next=\${encodeURIComponent(pathname + search)}\`, 303)
  c.set("user", signedIn.user)
  await next()
  return undefined
})

export const authRoutes = new Hono«<Env>»()

// Refuses cross-origin forms (CSRF), and puts the session at \`c.var.auth\`, also for the routes after these.
authRoutes.use(createHonoAuth(auth))

const formBody = bodyLimit({ maxSize: 16 * 1024 })

authRoutes.get("/sign-up", async (c) => {
  const next = c.req.query("next") ?? ""
  if (await c.var.auth.validate()) return c.redirect(safeRedirect(next, "/profile"), 303)
  return c.html(signUpPage({ next }))
})

authRoutes.post("/sign-up", formBody, async (c) => {
  const { username, password, next } = await readForm(c)
  const { userId, errors } = await createAccount(username, password)
  if (userId === null) return c.html(signUpPage({ username, next, errors }), 422)
  await c.var.auth.signIn(userId)
  return c.redirect(safeRedirect(next, "/profile"), 303)
})

authRoutes.get("/sign-in", async (c) => {
  const next = c.req.query("next") ?? ""
  if (await c.var.auth.validate()) return c.redirect(safeRedirect(next, "/profile"), 303)
  return c.html(signInPage({ next }))
})

authRoutes.post("/sign-in", formBody, async (c) => {
  const { username, password, next } = await readForm(c)
  const { token, errors } = await checkCredentials(username, password)
  if (token === null) return c.html(signInPage({ username, next, errors }), 401)
  await c.var.auth.setSession(token)
  return c.redirect(safeRedirect(next, "/profile"), 303)
})

authRoutes.get("/profile", requireUser, (c) => c.html(profilePage(c.var.user.username)))

// By POST only: a link can be followed by a prefetch, or from another site.
authRoutes.post("/sign-out", async (c) => {
  await c.var.auth.signOut()
  return c.redirect("/sign-in", 303)
})

async function readForm(c«: Context») {
  // A body that is not a form counts as an empty form.
  const body«: Record<string, unknown>» = await c.req.parseBody().catch(() => ({}))
  // A form can send a file, or leave a field out.
  const textOf = (name«: string») => (typeof body[name] === "string" ? body[name] : "")
  return { username: textOf("username"), password: textOf("password"), next: textOf("next") }
}
`
