import { isUniqueViolation } from "@/auth/database"
import { auth } from "@/auth/lucia"
import { verifyRequestOrigin } from "nightlatch"
import { LuciaError } from "nightlatch/lucia-v2"
import { cookies } from "next/headers"
import { NextResponse } from "next/server"

import type { NextRequest } from "next/server"

export const POST = async (request: NextRequest) => {
  // The tutorial let other sites sign their visitors up.
  if (!verifyRequestOrigin(request)) {
    return NextResponse.json({ error: "Cross-origin request" }, { status: 403 })
  }
  // A body that is no form was a 500.
  const formData = await request.formData().catch(() => new FormData())
  const username = formData.get("username")
  const password = formData.get("password")
  // basic check
  if (typeof username !== "string" || username.length < 4 || username.length > 31) {
    return NextResponse.json(
      {
        error: "Invalid username",
      },
      {
        status: 400,
      },
    )
  }
  if (typeof password !== "string" || password.length < 6 || password.length > 255) {
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
    // The tutorial looked for the column's error only: BOB beside Bob has a key that is taken, and was a 500.
    if (isUniqueViolation(e) || (e instanceof LuciaError && e.message === "AUTH_DUPLICATE_KEY_ID")) {
      return NextResponse.json(
        {
          error: "Username already taken",
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
