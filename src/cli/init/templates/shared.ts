/** The auth for Hono and Express. */
export const serverAuth = `import { createAuth } from "nightlatch"
import { argon2id } from "nightlatch/password"
import { createThrottle } from "nightlatch/throttle"
import { createUsers } from "nightlatch/users"
import { adapter } from "./database.ts"

export const auth = createAuth({
  adapter,
  // Browsers keep a Secure cookie of HTTPS sites only; some make an exception for http://localhost.
  cookie: { secure: process.env.NODE_ENV === "production" },
  // What the application sees of a user. Columns that you leave out stay in the database.
  getUserAttributes: ({ username }) => ({ username }),
})

export const users = createUsers({ adapter, passwordHasher: argon2id() })

// For one username: ten passwords at once, then one a minute. The guide on rate limiting adds a limit for each client.
export const throttle = createThrottle({ adapter, name: "sign-in", limits: { account: { limit: 10, window: "10m" } } })

// Once a day, deletes the rows of sessions that ended more than a day ago, and of usernames that nobody has tried since.
setInterval(() => {
  auth.deleteExpiredSessions().catch(console.error)
  throttle.cleanUp().catch(console.error)
}, 86_400_000).unref()
`

/** The form actions of every framework. */
export const formActions = `import { normalizeUsername } from "nightlatch/users"
import { auth, throttle, users } from "./auth.ts"

«export interface FormErrors {
  username?: string | undefined
  password?: string | undefined
}

»/** Creates an account. Returns the new user's id, or what is wrong with the form. */
export async function createAccount(username«: string», password«: string»)«: Promise<{ userId: string | null; errors: FormErrors }>» {
  if (!/^[\\w-]{3,31}$/.test(username)) {
    return { userId: null, errors: { username: "Use 3 to 31 letters, digits, _ or -." } }
  }
  const key = { providerId: "username", providerUserId: username, password }
  const created = await users.createUser({ key, attributes: { username } })
  if (created.user) return { userId: created.user.id, errors: {} }
  return { userId: null, errors: problems[created.reason] ?? { password: "Choose another password." } }
}

const problems«: Record<string, FormErrors>» = {
  key_taken: { username: "This username is taken." },
  attribute_taken: { username: "This username is taken." },
  password_too_short: { password: "Use at least 8 characters." },
  password_too_long: { password: "Use at most 256 characters." },
  password_common: { password: "Too many people use this password." },
}

/** Checks a password. Returns the token of a new session, or what is wrong with the form. */
export async function checkCredentials(username«: string», password«: string»)«: Promise<{ token: string | null; errors: FormErrors }>» {
  const account = normalizeUsername(username)
  const { allowed, retryAfter } = await throttle.consume({ account })
  if (!allowed) {
    return { token: null, errors: { password: \`Too many attempts. Try again in \${retryAfter} seconds.\` } }
  }
  const key = { providerId: "username", providerUserId: username, password }
  const signedIn = await users.signInWithPassword(auth, key)
  // One message for both, so that nobody learns which usernames exist.
  if (!signedIn) return { token: null, errors: { password: "Incorrect username or password." } }
  await throttle.reset({ account })
  return { token: signedIn.token, errors: {} }
}
`

/** The pages for frameworks without a template engine. */
export const htmlPages = `import type { FormErrors } from "./credentials.ts"

«interface FormContent {
  username?: string
  next: string
  errors?: FormErrors
}

»export function signUpPage({ username = "", next, errors = {} }«: FormContent»)«: string» {
  const fields = usernameField(username, errors) + passwordField("new-password", errors)
  const other = \`<p>Have an account? <a href="/sign-in\${nextQuery(next)}">Sign in</a></p>\`
  return page("Create an account", formOf("/sign-up", fields, next, "Create account") + other, errors)
}

export function signInPage({ username = "", next, errors = {} }«: FormContent»)«: string» {
  const fields = usernameField(username, errors) + passwordField("current-password", errors)
  const other = \`<p>New here? <a href="/sign-up\${nextQuery(next)}">Create an account</a></p>\`
  return page("Sign in", formOf("/sign-in", fields, next, "Sign in") + other, errors)
}

export function profilePage(username«: string»)«: string» {
  return page(\`Hello, \${username}\`, '<form method="post" action="/sign-out"><button>Sign out</button></form>')
}

/** Writes text into HTML, also into a quoted attribute. */
export function escapeHtml(text«: string»)«: string» {
  return text.replace(/[&<>"']/g, (character) => \`&#\${character.charCodeAt(0)};\`)
}

function formOf(action«: string», fields«: string», next«: string», button«: string»)«: string» {
  const target = \`<input type="hidden" name="next" value="\${escapeHtml(next)}">\`
  return \`<form method="post" action="\${action}">\${fields}\${target}<button>\${button}</button></form>\`
}

function usernameField(value«: string», { username: error }«: FormErrors»)«: string» {
  const text = \`type="text" value="\${escapeHtml(value)}" autocapitalize="none" spellcheck="false"\`
  return field("username", "Username", \`\${text} autocomplete="username"\`, error)
}

function passwordField(kind«: "new-password" | "current-password"», { password: error }«: FormErrors»)«: string» {
  return field("password", "Password", \`type="password" autocomplete="\${kind}"\`, error)
}

// A screen reader reads the error together with the field, which has the focus.
function field(name«: string», label«: string», attributes«: string», error«?: string»)«: string» {
  const state = error ? \` aria-invalid="true" aria-describedby="\${name}-error" autofocus\` : ""
  const note = error ? \`<br><span id="\${name}-error">\${escapeHtml(error)}</span>\` : ""
  return \`<p><label for="\${name}">\${label}</label><br>
      <input id="\${name}" name="\${name}" \${attributes} required\${state}>\${note}</p>\`
}

function nextQuery(next«: string»)«: string» {
  return next ? \`?next=\${encodeURIComponent(next)}\` : ""
}

function page(title«: string», body«: string», errors«: FormErrors» = {})«: string» {
  const hasErrors = Boolean(errors.username || errors.password)
  return \`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\${hasErrors ? "Error: " : ""}\${escapeHtml(title)}</title>
  </head>
  <body>
    <main>
      <h1>\${escapeHtml(title)}</h1>
      \${body}
    </main>
  </body>
</html>
\`
}
`
