/** Makes the page to sign up on. */
export function signUpPage(error?: string): string {
  const other = `<a href="/login">Sign in</a>`
  return page("Sign up", `${credentials("/signup", "Sign up", "new-password", error)}${other}`)
}

/** Makes the page to sign in on. */
export function signInPage(error?: string): string {
  const other = `<a href="/signup">Create an account</a>`
  return page("Sign in", `${credentials("/login", "Sign in", "current-password", error)}${other}`)
}

/** Makes the page of the user who is signed in. */
export function profilePage(user: { userId: string; username: string }): string {
  const body = `<p>User id: ${escape(user.userId)}</p>
    <p>Username: ${escape(user.username)}</p>
    <form method="post" action="/logout"><input type="submit" value="Sign out" /></form>`
  return page("Profile", body)
}

/** Makes the response that holds a page. */
export function htmlResponse(html: string, status = 200): Response {
  return new Response(html, { status, headers: { "Content-Type": "text/html; charset=utf-8" } })
}

/** Answers with a text: a browser gets it on a page, whoever else as it is. */
export function respond(request: Request, text: string, status: number, form: (error: string) => string = messagePage) {
  const wantsPage = request.headers.get("Accept")?.includes("text/html")
  return wantsPage ? htmlResponse(form(text), status) : new Response(text, { status })
}

function messagePage(text: string): string {
  return page("Sorry", `<p>${escape(text)}</p><a href="/">Profile</a>`)
}

function credentials(action: string, button: string, password: string, error?: string): string {
  return `<form method="post" action="${action}">
      ${error ? `<p class="error" role="alert">${escape(error)}</p>` : ""}
      <label for="username">Username</label>
      <input name="username" id="username" autocomplete="username" autocapitalize="none" />
      <label for="password">Password</label>
      <input type="password" name="password" id="password" autocomplete="${password}" />
      <input type="submit" value="${button}" />
    </form>
    `
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title}</title>
    <link rel="icon" href="/icon.svg" />
    <link rel="stylesheet" href="/style.css" />
  </head>
  <body>
    <main>
    <h1>${title}</h1>
    ${body}
    </main>
  </body>
</html>
`
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
