import { readFileSync } from "node:fs"
import { verifyRequestOrigin } from "nightlatch"
import { LuciaError } from "nightlatch/lucia-v2"
import type { Session } from "nightlatch/lucia-v2"
import { auth } from "./lucia.ts"
import { htmlResponse, profilePage, respond, signInPage, signUpPage } from "./pages.ts"
import { get, post } from "./router.ts"

export { handle } from "./router.ts"

post("/signup", async (request: Request) => {
  // The tutorial let other sites sign their visitors up.
  if (!verifyRequestOrigin(request)) return respond(request, "Cross-origin request", 403)
  // A body that is no form was an error that nobody caught.
  const formData = await request.formData().catch(() => new FormData())
  const username = formData.get("username")
  const password = formData.get("password")
  // basic check
  if (typeof username !== "string" || username.length < 4 || username.length > 31) {
    return respond(request, "Invalid username", 400, signUpPage)
  }
  if (typeof password !== "string" || password.length < 6 || password.length > 255) {
    return respond(request, "Invalid password", 400, signUpPage)
  }
  try {
    const user = await auth.createUser({
      key: {
        providerId: "username", // auth method
        providerUserId: username.toLowerCase(), // unique id when using "username" auth method
        password, // hashed by Lucia
      },
      attributes: {
        username,
      },
    })
    const session = await auth.createSession({
      userId: user.userId,
      attributes: {},
    })
    return signedIn(request, session)
  } catch (e) {
    // The tutorial looked for the column's error only: BOB beside Bob has a key that is taken, and was a 500.
    if (e instanceof LuciaError && e.message === "AUTH_DUPLICATE_KEY_ID") {
      return respond(request, "Username already taken", 400, signUpPage)
    }

    // The tutorial kept the cause to itself.
    console.error(e)
    return respond(request, "An unknown error occurred", 500, signUpPage)
  }
})

post("/login", async (request: Request) => {
  // The tutorial let other sites sign their visitors in, to an account of theirs.
  if (!verifyRequestOrigin(request)) return respond(request, "Cross-origin request", 403)
  // A body that is no form was an error that nobody caught.
  const formData = await request.formData().catch(() => new FormData())
  const username = formData.get("username")
  const password = formData.get("password")
  // basic check
  if (typeof username !== "string" || username.length < 1 || username.length > 31) {
    return respond(request, "Invalid username", 400, signInPage)
  }
  if (typeof password !== "string" || password.length < 1 || password.length > 255) {
    return respond(request, "Invalid password", 400, signInPage)
  }
  try {
    // find user by key
    // and validate password
    const user = await auth.useKey("username", username.toLowerCase(), password)
    const session = await auth.createSession({
      userId: user.userId,
      attributes: {},
    })
    return signedIn(request, session)
  } catch (e) {
    if (e instanceof LuciaError && (e.message === "AUTH_INVALID_KEY_ID" || e.message === "AUTH_INVALID_PASSWORD")) {
      // user does not exist
      // or invalid password
      return respond(request, "Incorrect username or password", 400, signInPage)
    }
    // The tutorial kept the cause to itself.
    console.error(e)
    return respond(request, "An unknown error occurred", 500, signInPage)
  }
})

get("/user", async (request: Request) => {
  const authRequest = auth.handleRequest(request)
  const session = (await authRequest.validate()) ?? (await authRequest.validateBearerToken())
  if (!session) return new Response("Not authenticated", { status: 401 })
  const { userId, username } = session.user
  // The tutorial could not set cookies here: applyTo() adds the one of a session that was renewed.
  return authRequest.applyTo(Response.json({ userId, username }))
})

post("/logout", async (request: Request) => {
  const authRequest = auth.handleRequest(request)
  // check if user is authenticated
  const session = (await authRequest.validate()) ?? (await authRequest.validateBearerToken())
  if (!session) {
    return respond(request, "Not authenticated", 401)
  }
  // make sure to invalidate the current session!
  await auth.invalidateSession(session.sessionId)

  // for session cookies
  // create blank session cookie
  const sessionCookie = auth.createSessionCookie(null)
  return new Response(null, {
    headers: {
      Location: "/login", // redirect to login page
      "Set-Cookie": sessionCookie.serialize(), // delete session cookie
    },
    status: 302,
  })
})

get("/", async (request: Request) => {
  const authRequest = auth.handleRequest(request)
  const session = await authRequest.validate()
  const response = session
    ? htmlResponse(profilePage(session.user))
    : new Response(null, { headers: { Location: "/login" }, status: 302 })
  return authRequest.applyTo(response)
})

for (const [path, form] of Object.entries({ "/signup": signUpPage, "/login": signInPage })) {
  get(path, async (request: Request) => {
    const session = await auth.handleRequest(request).validate()
    return session ? new Response(null, { headers: { Location: "/" }, status: 302 }) : htmlResponse(form())
  })
}

for (const [path, type] of Object.entries({ "/style.css": "text/css", "/icon.svg": "image/svg+xml" })) {
  const content = readFileSync(new URL(`.${path}`, import.meta.url), "utf8")
  get(path, () => new Response(content, { headers: { "Content-Type": type, "Cache-Control": "max-age=3600" } }))
}

// A browser keeps the session in a cookie. What asks for JSON is given it to store, and sends it as a Bearer token.
function signedIn(request: Request, session: Session): Response {
  if (request.headers.get("Accept") === "application/json") return Response.json({ sessionId: session.sessionId })
  const sessionCookie = auth.createSessionCookie(session)
  return new Response(null, {
    headers: {
      Location: "/", // redirect to profile page
      "Set-Cookie": sessionCookie.serialize(), // store session cookie
    },
    status: 302,
  })
}
