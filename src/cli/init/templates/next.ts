/** The cookie options, shared by the auth and the proxy. */
export const nextCookie = `// A separate file, because the proxy needs it and must not open the database.
// Browsers keep a Secure cookie of HTTPS sites only; some make an exception for http://localhost.
export const cookie = { secure: process.env.NODE_ENV === "production" }
`

/** The auth for the App Router. */
export const nextAuth = `import { createAuth } from "nightlatch"
import { createNextAuth } from "nightlatch/next"
import { argon2id } from "nightlatch/password"
import { createThrottle } from "nightlatch/throttle"
import { createUsers } from "nightlatch/users"
import { cookie } from "./cookie.ts"
import { adapter } from "./database.ts"

export const auth = createAuth({
  adapter,
  cookie,
  // What the application sees of a user. Columns that you leave out stay in the database.
  getUserAttributes: ({ username }) => ({ username }),
})

export const users = createUsers({ adapter, passwordHasher: argon2id() })

// For one username: ten passwords at once, then one a minute. The guide on rate limiting adds a limit for each client.
export const throttle = createThrottle({ adapter, name: "sign-in", limits: { account: { limit: 10, window: "10m" } } })

export const { getSession, verifySession, protectedPage, signIn, setSession, signOut, routeHandler, serverAction } =
  createNextAuth(auth, { signInPath: "/sign-in" })
`

/** The Server Actions. */
export const serverActions = `"use server"

import { redirect } from "next/navigation"
import { safeRedirect } from "nightlatch/web"
import { serverAction, setSession, signIn, signOut } from "./auth.ts"
import { checkCredentials, createAccount } from "./credentials.ts"
import type { FormErrors } from "./credentials.ts"

«export interface FormState {
  username?: string
  errors?: FormErrors
}

»export const signUpAction = serverAction(
  async (_visitor, _state«: FormState», form«: FormData»)«: Promise<FormState>» => {
    const username = textOf(form, "username")
    const { userId, errors } = await createAccount(username, textOf(form, "password"))
    if (userId === null) return { username, errors }
    await signIn(userId)
    redirect(safeRedirect(textOf(form, "next"), "/profile"))
  },
  { public: true },
)

export const signInAction = serverAction(
  async (_visitor, _state«: FormState», form«: FormData»)«: Promise<FormState>» => {
    const username = textOf(form, "username")
    const { token, errors } = await checkCredentials(username, textOf(form, "password"))
    if (token === null) return { username, errors }
    await setSession(token)
    redirect(safeRedirect(textOf(form, "next"), "/profile"))
  },
  { public: true },
)

export const signOutAction = serverAction(
  async () => {
    await signOut()
    redirect("/sign-in")
  },
  { public: true },
)

// A form can send a file, or leave a field out.
function textOf(form«: FormData», name«: string»)«: string» {
  const value = form.get(name)
  return typeof value === "string" ? value : ""
}
`

/** The form, a Client Component. */
export const credentialsForm = `"use client"

import { useActionState } from "react"
import type { FormState } from "./actions.ts"

«interface CredentialsFormProps {
  action(state: FormState, form: FormData): Promise<FormState>
  button: string
  passwordKind: "new-password" | "current-password"
  /** Where to go after it. */
  next: string
}

»export function CredentialsForm({ action, button, passwordKind, next }«: CredentialsFormProps») {
  const [{ username, errors = {} }, submit, isPending] = useActionState(action, {})
  return (
    <form action={submit}>
      <Field label="Username" name="username" autoComplete="username" defaultValue={username} error={errors.username} />
      <Field label="Password" name="password" type="password" autoComplete={passwordKind} error={errors.password} />
      <input type="hidden" name="next" value={next} />
      <button disabled={isPending}>{button}</button>
    </form>
  )
}

«interface FieldProps {
  label: string
  name: string
  type?: string
  autoComplete: string
  defaultValue?: string | undefined
  error: string | undefined
}

»// A screen reader reads the error together with the field, and as soon as it appears.
function Field({ label, name, type = "text", autoComplete, defaultValue, error }«: FieldProps») {
  return (
    <p>
      <label htmlFor={name}>{label}</label>
      <br />
      <input
        id={name}
        name={name}
        type={type}
        autoComplete={autoComplete}
        defaultValue={defaultValue}
        autoCapitalize="none"
        spellCheck={false}
        required
        aria-invalid={error ? true : undefined}
        aria-describedby={error && \`\${name}-error\`}
      />
      <span id={\`\${name}-error\`} role="alert">
        {error}
      </span>
    </p>
  )
}
`

/** A page with the form, at `/sign-up` or `/sign-in`. */
export function formPage(page: { name: string; title: string; action: string; form: string; other: string }): string {
  return `import Link from "next/link"
import { redirect } from "next/navigation"
import { safeRedirect } from "nightlatch/web"
import { ${page.action} } from "LIB/actions.ts"
import { getSession } from "LIB/auth.ts"
import { CredentialsForm } from "LIB/credentials-form.ts"

«interface Props {
  searchParams: Promise<{ next?: string | string[] }>
}

»BLOCKINGexport default async function ${page.name}({ searchParams }«: Props») {
  // The page that the visitor wanted. Anyone can write this address, so only paths of this site pass.
  const next = safeRedirect((await searchParams).next, "/profile")
  // Asked here and not in the proxy, which cannot tell a live session from one that has ended.
  if (await getSession()) redirect(next)
  return (
    <main>
      <h1>${page.title}</h1>
      <CredentialsForm action={${page.action}} ${page.form} next={next} />
      <p>
        ${page.other}
      </p>
    </main>
  )
}
`
}

/** The page for signed-in users, at `/profile`. */
export const protectedProfile = `import { signOutAction } from "LIB/actions.ts"
import { protectedPage } from "LIB/auth.ts"

BLOCKING// Runs only for users who are signed in. Others go to the sign-in page.
export default protectedPage(async ({ user }) => (
  <main>
    <h1>Hello, {user.username}</h1>
    <form action={signOutAction}>
      <button>Sign out</button>
    </form>
  </main>
))
`

/** The export for a page that reads the session: with Cache Components, Next.js would otherwise show something first. */
export const blocking = `// Next.js waits for the session before it shows the page.
export const instant = false

`

/** The proxy, in the root folder of the sources. */
export function nextProxy(name: "proxy" | "middleware"): string {
  return `import { createAuthProxy } from "nightlatch/next/proxy"
import { cookie } from "./lib/auth/cookie.ts"

// Refuses cross-origin requests that may change something (CSRF), and sends visitors without a session cookie to the
// sign-in page. It reads no database: pages and actions check the session themselves. Name your public pages here.
export const ${name} = createAuthProxy({ cookie, publicPaths: ["/", "/sign-up", "/api"], signInPath: "/sign-in" })

export const config = { matcher: "/((?!_next/static|_next/image|favicon.ico).*)" }
`
}
