import { routeHandler } from "@/lib/auth"
import { getProfile } from "@/lib/dal"

export const GET = routeHandler<{ id: string }>((_request, { user, params }) => {
  const profile = getProfile(params.id, user)
  return profile ? Response.json(profile) : new Response("Not found", { status: 404 })
})
