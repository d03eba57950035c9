import { auth } from "@/auth/lucia"
import { verifyRequestOrigin } from "nightlatch"
import { LuciaError } from "nightlatch/lucia-v2"
import { cookies } from "next/headers"
import { NextResponse } from "next/server"

import type { NextRequest } from "next/server"

export const POST = async (request: NextRequest) => {
  // The tutorial let other sites sign their visitors in, to an account of theirs.
  if (!verifyRequestOrigin(request)) {
    return NextResponse.json({ error: "Cross-origin request" }, { status: 403 })
  }
  // A body that is no form was a 500.
  const formData = await request.formData().catch(() => new FormData())
  const username = formData.get("username")
  const password = formData.get("password")
  // basic check
  if (typeof username !== "string" || username.length < 1 || username.length > 31) {
    return NextResponse.json(
      {
        error: "Invalid username",
      },
      {
        status: 400,
      },
    )
  }
  if (typeof password !== "string" || password.length < 1 || password.length > 255) {
    return NextResponse.json(
      {
        error: "Invalid password",
      },
      {
        status: 400,
      },
    )
  }
  try {
    // find user by key
    // and validate password
    const user = await auth.useKey("username", username.toLowerCase(), password)
    const session = await auth.createSession({
      userId: user.userId,
      attributes: {},
    })
    const authRequest = auth.handleRequest({
      request,
      cookies,
    })
    // cookies() is a promise since Next.js 15: without the wait the response could leave without the cookie.
    await authRequest.setSession(session)
    return new Response(null, {
      status: 302,
      headers: {
        Location: "/", // redirect to profile page
      },
    })
  } catch (e) {
    if (e instanceof LuciaError && (e.message === "AUTH_INVALID_KEY_ID" || e.message === "AUTH_INVALID_PASSWORD")) {
      // user does not exist or invalid password
      return NextResponse.json(
        {
          error: "Incorrect username or password",
        },
        {
          status: 400,
        },
      )
    }
    // The tutorial kept the cause to itself.
    console.error(e)
    return NextResponse.json(
      {
        error: "An unknown error occurred",
      },
      {
        status: 500,
      },
    )
  }
}
