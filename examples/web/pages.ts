import { html } from "hono/html"
import type { Session, User } from "./auth.ts"

type Html = ReturnType<typeof html>

/** What went wrong, by field. */
type Errors<Field extends string> = Partial<Record<Field, string | undefined>>

/** What a visitor has typed so far. */
export interface CredentialsForm {
  username?: string
  remember?: boolean
  next?: string | undefined
  errors?: Errors<"form" | "username" | "password">
}

export function home(user: User | undefined, { isSignedOut = false }: { isSignedOut?: boolean } = {}): Html {
  const invitation = html`<p>Create an account, then sign in from a second browser to see it under Devices.</p>
    <p class="actions"><a class="button" href="/sign-up">Create account</a> <a href="/sign-in">Sign in</a></p>`
  const greeting = html`<p>You are signed in as <strong>${user?.username}</strong>.</p>
    <p class="actions"><a class="button" href="/profile">Your profile</a> <a href="/devices">Your devices</a></p>`
  const goodbye = html`<p class="notice" role="status">You are signed out.</p>`
  const body = html`${isSignedOut && !user && goodbye}
    <p class="lead">Sign-in with a username and a password, on your own database.</p>
    ${user ? greeting : invitation}`
  return layout({ title: user ? `Hello, ${user.username}` : "A door of your own", user, body })
}

export function signUp(form: CredentialsForm): Html {
  const hints = { username: "3 to 31 letters, digits, _ or -", password: "At least 8 characters. A sentence is best." }
  const other = html`Have an account? <a href="/sign-in${nextQuery(form.next)}">Sign in</a>`
  return credentials({ title: "Create account", action: "/sign-up", passwordKind: "new-password", hints, other, form })
}

export function signIn(form: CredentialsForm): Html {
  const other = html`New here? <a href="/sign-up${nextQuery(form.next)}">Create account</a>`
  return credentials({ title: "Sign in", action: "/sign-in", passwordKind: "current-password", other, form })
}

export function profile({ session, user }: { session: Session; user: User }, notice?: string): Html {
  const body = html`${notice && html`<p class="notice" role="status">${notice}</p>`}
    <dl>
      <dt>Username</dt>
      <dd>${user.username}</dd>
      <dt>User id</dt>
      <dd><code>${user.id}</code></dd>
      <dt>Signed in</dt>
      <dd>${time(session.createdAt)}</dd>
      <dt>This device</dt>
      <dd>${session.device}</dd>
      <dt>Signed out if unused until</dt>
      <dd>${time(session.expiresAt)}</dd>
    </dl>`
  return layout({ title: "Profile", user, body })
}

export function devices(user: User, sessions: Session[], currentId: string): Html {
  const revoke = ({ id, device }: Session) =>
    html`<form method="post" action="/devices">
      <button class="quiet" name="session" value="${id}">Sign out<span class="hidden"> ${device}</span></button>
    </form>`
  const item = (session: Session) =>
    html`<li>
      <div><strong>${session.device}</strong><small>Signed in ${time(session.createdAt)}</small></div>
      ${session.id === currentId ? html`<span class="badge">This device</span>` : revoke(session)}
    </li>`
  const others = html`<form method="post" action="/devices">
    <button name="session" value="others">Sign out everywhere else</button>
  </form>`
  const body = html`<ul class="devices">
      ${sessions.map(item)}
    </ul>
    ${sessions.length > 1 && others}`
  return layout({ title: "Devices", user, body })
}

export function password(
  user: User,
  { isChanged = false, errors = {} }: { isChanged?: boolean; errors?: Errors<"current" | "password"> },
): Html {
  const done = html`<p class="notice" role="status">Password changed. All other devices are signed out.</p>`
  const body = html`${isChanged && done}
    <form method="post" action="/password">
      <input
        class="hidden"
        name="username"
        value="${user.username}"
        autocomplete="username"
        readonly
        tabindex="-1"
        aria-hidden="true"
      />
      ${field({ name: "current", label: "Current password", kind: "current-password", error: errors.current })}
      ${field({ name: "password", label: "New password", kind: "new-password", error: errors.password, hint: "At least 8 characters. A sentence is best." })}
      <button>Change password</button>
    </form>`
  return layout({ title: "Change password", user, body, isError: hasError(errors) })
}

export function message(title: string, text: string, user?: User): Html {
  return layout({ title, user, body: html`<p>${text}</p>` })
}

interface CredentialsPage {
  title: string
  action: string
  passwordKind: "new-password" | "current-password"
  hints?: { username: string; password: string }
  other: Html
  form: CredentialsForm
}

function credentials({ title, action, passwordKind, hints, other, form }: CredentialsPage): Html {
  const { username = "", remember = false, next = "", errors = {} } = form
  // The error gets the focus, so that a screen reader says it first and Tab goes on to the fields.
  const body = html`${errors.form && html`<p class="notice error" role="alert" tabindex="-1" autofocus>${errors.form}</p>`}
    <form method="post" action="${action}">
      ${field({ name: "username", label: "Username", kind: "username", value: username, error: errors.username, hint: hints?.username })}
      ${field({ name: "password", label: "Password", kind: passwordKind, error: errors.password, hint: hints?.password })}
      <label class="check">
        <input type="checkbox" name="remember" value="yes" ${remember ? "checked" : ""} /> Remember me on this device
      </label>
      <input type="hidden" name="next" value="${next}" />
      <button>${title}</button>
    </form>
    <p class="other">${other}</p>`
  return layout({ title, body, isError: hasError(errors) })
}

interface Field {
  name: string
  label: string
  kind: "username" | "new-password" | "current-password"
  value?: string
  hint?: string | undefined
  error: string | undefined
}

function field({ name, label, kind, value = "", hint, error }: Field): Html {
  const note = error ?? hint
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="${kind === "username" ? "text" : "password"}"
      value="${value}"
      autocomplete="${kind}"
      autocapitalize="none"
      spellcheck="false"
      required
      ${note && html`aria-describedby="${name}-note"`}
      ${error && html`aria-invalid="true" autofocus`}
    />
    ${note && html`<small id="${name}-note" class="${error ? "error" : ""}">${note}</small>`}
  </div>`
}

interface Layout {
  title: string
  body: Html
  user?: User | undefined
  isError?: boolean
}

function layout({ title, body, user, isError }: Layout): Html {
  const strangerLinks = html`<a href="/sign-in">Sign in</a> <a href="/sign-up">Create account</a>`
  const memberLinks = html`<a href="/profile">${user?.username}</a> <a href="/devices">Devices</a>
    <a href="/password">Change password</a>
    <form method="post" action="/sign-out"><button class="link">Sign out</button></form>`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${isError ? "Error: " : ""}${title} · Nightlatch example</title>
        <link rel="icon" href="/icon.svg" />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <header>
          <a class="brand" href="/">nightlatch</a>
          <nav>${user ? memberLinks : strangerLinks}</nav>
        </header>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`
}

function time(date: Date): Html {
  const text = date.toLocaleString("en", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" })
  return html`<time datetime="${date.toISOString()}">${text} UTC</time>`
}

function nextQuery(next: string | undefined): string {
  return next ? `?next=${encodeURIComponent(next)}` : ""
}

function hasError(errors: Errors<string>): boolean {
  return Object.values(errors).some(Boolean)
}
