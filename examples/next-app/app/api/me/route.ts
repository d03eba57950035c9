import { routeHandler } from "@/lib/auth"

export const GET = routeHandler((_request, { user }) => Response.json({ username: user.username, role: user.role }))
