import { verifyRequestOrigin } from "nightlatch/lucia"
import { NextResponse } from "next/server"
import type { NextRequest } from "next/server"

export async function proxy(request: NextRequest): Promise<NextResponse> {
  // Repaired: HEAD, which browsers send without an Origin as they do GET, was answered 403.
  if (request.method === "GET" || request.method === "HEAD") {
    return NextResponse.next()
  }
  const originHeader = request.headers.get("Origin")
  // NOTE: You may need to use `X-Forwarded-Host` instead
  const hostHeader = request.headers.get("Host")
  if (!originHeader || !hostHeader || !verifyRequestOrigin(originHeader, [hostHeader])) {
    return new NextResponse(null, {
      status: 403,
    })
  }
  return NextResponse.next()
}
