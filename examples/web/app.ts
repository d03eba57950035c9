import { readFileSync } from "node:fs"
import { getConnInfo } from "@hono/node-server/conninfo"
import { Hono } from "hono"
import type { Context } from "hono"
import { bodyLimit } from "hono/body-limit"
import { createMiddleware } from "hono/factory"
import { HTTPException } from "hono/http-exception"
import { secureHeaders } from "hono/secure-headers"
import { isAuthError } from "nightlatch"
import { createHonoAuth } from "nightlatch/hono"
import type { HonoAuthEnv } from "nightlatch/hono"
import { checkPassword } from "nightlatch/password"
import type { PasswordReason } from "nightlatch/password"
import { clientKey } from "nightlatch/throttle"
import { normalizeUsername } from "nightlatch/users"
import { safeRedirect } from "nightlatch/web"
import { auth, signInThrottle, signUpThrottle, users } from "./auth.ts"
import type { Session, User } from "./auth.ts"
import { deviceLabel } from "./device-label.ts"
import * as pages from "./pages.ts"

type Visitor = HonoAuthEnv<typeof auth>

interface Member {
  Variables: { signedIn: { session: Session; user: User } }
}

const membersOnly = createMiddleware<Visitor & Member>(async (c, next) => {
  const signedIn = await c.var.auth.validate()
  if (!signedIn) return c.redirect(`/sign-in?next=${encodeURIComponent(c.req.path)}`, 303)
  c.set("signedIn", signedIn)
  await next()
})

const strangersOnly = createMiddleware<Visitor>(async (c, next) => {
  if (await c.var.auth.validate()) return c.redirect(safeRedirect(c.req.query("next"), "/profile"), 303)
  await next()
})

/** The whole application. */
export const app = new Hono<Visitor>()

app.use(
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
    // Not "no-referrer": with that, browsers send forms with `Origin: null`.
    referrerPolicy: "same-origin",
    strictTransportSecurity: "max-age=15552000",
  }),
)
for (const [name, type] of Object.entries({ "style.css": "text/css", "icon.svg": "image/svg+xml" })) {
  const content = readFileSync(new URL(name, import.meta.url), "utf8")
  app.get(`/${name}`, (c) => c.body(content, 200, { "Content-Type": type, "Cache-Control": "max-age=3600" }))
}
// Guards every route below against cross-origin requests, and sets the session's cookie on its response.
app.use(createHonoAuth(auth), bodyLimit({ maxSize: 16 * 1024 }))

app.get("/", async (c) => {
  const isSignedOut = c.req.query("signed-out") !== undefined
  return c.html(pages.home((await c.var.auth.validate())?.user, { isSignedOut }))
})

app.get("/sign-up", strangersOnly, (c) => c.html(pages.signUp({ next: c.req.query("next") })))

app.post("/sign-up", async (c) => {
  const { password, ...form } = await readCredentials(c)
  const errors = { username: usernameError(form.username), password: await passwordError(password) }
  if (errors.username || errors.password) return c.html(pages.signUp({ ...form, errors }), 422)
  const { username, remember, next } = form
  const { allowed, retryAfter } = await signUpThrottle.consume({
    client: clientOf(c),
    account: normalizeUsername(username),
  })
  if (!allowed) {
    c.header("Retry-After", `${retryAfter}`)
    return c.html(pages.signUp({ ...form, errors: { form: tooManyAttempts(retryAfter) } }), 429)
  }
  const key = { providerId: "username", providerUserId: username, password }
  const { user } = await users.createUser({ key, attributes: { username } })
  if (!user) return c.html(pages.signUp({ ...form, errors: { username: "This username is already taken." } }), 422)
  await c.var.auth.signIn(user.id, { device: deviceLabel(c.req.header("User-Agent")) }, { persistent: remember })
  return c.redirect(safeRedirect(next, "/profile?created"), 303)
})

app.get("/sign-in", strangersOnly, (c) => c.html(pages.signIn({ next: c.req.query("next") })))

app.post("/sign-in", async (c) => {
  const { password, ...form } = await readCredentials(c)
  const errors = {
    username: form.username ? undefined : "Enter your username.",
    password: password ? undefined : "Enter your password.",
  }
  if (errors.username || errors.password) return c.html(pages.signIn({ ...form, errors }), 422)
  const { username, remember, next } = form
  const account = normalizeUsername(username)
  const { allowed, retryAfter } = await signInThrottle.consume({ client: clientOf(c), account })
  if (!allowed) {
    c.header("Retry-After", `${retryAfter}`)
    return c.html(pages.signIn({ ...form, errors: { form: tooManyAttempts(retryAfter) } }), 429)
  }
  const signedIn = await users.signInWithPassword(
    auth,
    { providerId: "username", providerUserId: username, password },
    { device: deviceLabel(c.req.header("User-Agent")) },
  )
  // One message for both, so that nobody learns which usernames exist.
  if (!signedIn) return c.html(pages.signIn({ ...form, errors: { form: "Wrong username or password." } }), 401)
  await signInThrottle.reset({ account })
  await c.var.auth.setSession(signedIn.token, { persistent: remember })
  return c.redirect(safeRedirect(next, "/profile?signed-in"), 303)
})

app.post("/sign-out", async (c) => {
  await c.var.auth.signOut()
  return c.redirect("/?signed-out", 303)
})

app.get("/profile", membersOnly, (c) => {
  const notice = Object.keys(notices).find((name) => c.req.query(name) !== undefined)
  return c.html(pages.profile(c.var.signedIn, notice && notices[notice]))
})

const notices: Record<string, string> = {
  created: "Your account is ready, and you are signed in.",
  "signed-in": "You are signed in.",
}

app.get("/devices", membersOnly, async (c) => {
  const { session, user } = c.var.signedIn
  return c.html(pages.devices(user, await auth.getUserSessions(user.id), session.id))
})

app.post("/devices", membersOnly, async (c) => {
  const { session, user } = c.var.signedIn
  const chosen = (await readForm(c)).text("session")
  if (chosen === "others") await auth.invalidateUserSessions(user.id, { except: session.id })
  // A form can name anyone's session: the user id keeps it to their own.
  else await auth.invalidateSession(chosen, { userId: user.id })
  return c.redirect("/devices", 303)
})

app.get("/password", membersOnly, (c) => {
  const isChanged = c.req.query("changed") !== undefined
  return c.html(pages.password(c.var.signedIn.user, { isChanged }))
})

app.post("/password", membersOnly, async (c) => {
  const { session, user } = c.var.signedIn
  const form = await readForm(c)
  const [current, password] = [form.text("current"), form.text("password")]
  const isProven =
    (await users.verifyPassword({ providerId: "username", providerUserId: user.username, password: current })) !== null
  const errors = {
    current: isProven ? undefined : "This is not your current password.",
    password: await passwordError(password),
  }
  if (errors.current || errors.password) return c.html(pages.password(user, { errors }), 422)
  await users.updateUserPassword({ userId: user.id, password }, { except: session.id })
  // Whoever had a copy of this browser's cookie is out as well.
  await c.var.auth.rotate()
  return c.redirect("/password?changed", 303)
})

app.notFound(async (c) => {
  const signedIn = await c.var.auth.validate()
  return c.html(pages.message("Not found", "There is no page at this address.", signedIn?.user), 404)
})

app.onError((error, c) => {
  if (error instanceof HTTPException) {
    return c.html(pages.message("Not understood", "The form could not be read. Go back and try again."), error.status)
  }
  console.error(error)
  // An outage, not an answer: a visitor whose session cannot be read is not signed out.
  if (isAuthError(error))
    return c.html(pages.message("Back soon", "Something is out of order. Try again shortly."), 503)
  return c.html(pages.message("Sorry", "Something went wrong on our side."), 500)
})

interface Form {
  /** The text of a field. A missing or repeated one, or a file, is "". */
  text(name: string): string
}

async function readForm(c: Context): Promise<Form> {
  const form = await c.req.formData().catch((cause: unknown) => {
    throw new HTTPException(400, { cause })
  })
  return {
    text(name) {
      const [value, ...others] = form.getAll(name)
      return typeof value === "string" && others.length === 0 ? value : ""
    },
  }
}

async function readCredentials(c: Context) {
  const { text } = await readForm(c)
  return {
    username: text("username"),
    password: text("password"),
    remember: text("remember") !== "",
    next: text("next"),
  }
}

// Behind a proxy of yours, the address is in a header: clientKey(fromRight(c.req.header("X-Forwarded-For"), 1)).
function clientOf(c: Context): string | null {
  return clientKey(getConnInfo(c).remote.address)
}

function tooManyAttempts(seconds: number): string {
  const [time, unit] = seconds < 60 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"]
  return `Too many attempts. Try again in ${time} ${unit}${time === 1 ? "" : "s"}.`
}

function usernameError(username: string): string | undefined {
  return /^[a-z0-9_-]{3,31}$/i.test(username) ? undefined : "Use 3 to 31 letters, digits, _ or -."
}

const passwordErrors: Record<PasswordReason, string> = {
  password_too_short: "Use at least 8 characters.",
  password_too_long: "Use at most 256 characters.",
  password_invalid: "Some of these characters cannot be read.",
  password_common: "Too many people use this password.",
}

async function passwordError(password: string): Promise<string | undefined> {
  const reason = await checkPassword(password)
  return reason ? passwordErrors[reason] : undefined
}
