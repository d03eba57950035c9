/** The routes of Express 5. */
export const expressRoutes = `import { Router, urlencoded } from "express"
import type { NextFunction, Request, Response } from "express"
import { createNodeAuth } from "nightlatch/node"
import type { InferAuthRequest } from "nightlatch/node"
import { safeRedirect } from "nightlatch/web"
import { auth } from "./auth.ts"
import { checkCredentials, createAccount } from "./credentials.ts"
import { profilePage, signInPage, signUpPage } from "./pages.ts"

«declare global {
  namespace Express {
    interface Request {
      auth: InferAuthRequest<typeof auth>
    }
  }
}

»export const authRoutes = Router()

// Refuses cross-origin forms (CSRF), and puts the session at \`req.auth\`, also for the routes after these.
authRoutes.use(createNodeAuth(auth).middleware())

const formBody = urlencoded({ extended: false, limit: "16kb" })

authRoutes.get("/sign-up", async (req, res) => {
  const next = textOf(req.query, "next")
  if (await req.auth.validate()) res.redirect(303, safeRedirect(next, "/profile"))
  else res.send(signUpPage({ next }))
})

authRoutes.post("/sign-up", formBody, async (req, res) => {
  const { username, password, next } = readForm(req)
  const { userId, errors } = await createAccount(username, password)
  if (userId === null) {
    res.status(422).send(signUpPage({ username, next, errors }))
  } else {
    await req.auth.signIn(userId)
    res.redirect(303, safeRedirect(next, "/profile"))
  }
})

authRoutes.get("/sign-in", async (req, res) => {
  const next = textOf(req.query, "next")
  if (await req.auth.validate()) res.redirect(303, safeRedirect(next, "/profile"))
  else res.send(signInPage({ next }))
})

authRoutes.post("/sign-in", formBody, async (req, res) => {
  const { username, password, next } = readForm(req)
  const { token, errors } = await checkCredentials(username, password)
  if (token === null) {
    res.status(401).send(signInPage({ username, next, errors }))
  } else {
    await req.auth.setSession(token)
    res.redirect(303, safeRedirect(next, "/profile"))
  }
})

authRoutes.get("/profile", requireUser, (_req, res) => {
  res.send(profilePage(res.locals.user.username))
})

// By POST only: a link can be followed by a prefetch, or from another site.
authRoutes.post("/sign-out", async (req, res) => {
  await req.auth.signOut()
  res.redirect(303, "/sign-in")
})

/** Protects a route. Signed-in users go on, and \`res.locals.user\` is the user. Others go to the sign-in page. */
export async function requireUser(req«: Request», res«: Response», next«: NextFunction»)«: Promise<void>» {
  const signedIn = await req.auth.validate()
  if (signedIn) {
    res.locals.user = signedIn.user
    next()
  } else {
    res.redirect(303, \`/sign-in?next=\${encodeURIComponent(req.originalUrl)}\`)
  }
}

function readForm({ body }«: Request») {
  return { username: textOf(body, "username"), password: textOf(body, "password"), next: textOf(body, "next") }
}

// A form or an address can have a field twice, or not at all.
function textOf(fields«: Record<string, unknown> | undefined», name«: string»)«: string» {
  const value = fields?.[name]
  return typeof value === "string" ? value : ""
}
`
