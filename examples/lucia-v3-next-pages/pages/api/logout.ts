import { lucia, validateRequest } from "@/lib/auth"

import type { NextApiRequest, NextApiResponse } from "next"

export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  if (req.method !== "POST") {
    res.status(404).end()
    return
  }
  const { session } = await validateRequest(req, res)
  if (!session) {
    res.status(401).end()
    return
  }
  await lucia.invalidateSession(session.id)
  // Repaired: setHeader() dropped every other cookie of this response.
  res.appendHeader("Set-Cookie", lucia.createBlankSessionCookie().serialize()).status(200).end()
}
