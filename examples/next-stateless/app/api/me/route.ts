import { routeHandler } from "@/lib/auth"

// What the session says. It asks no table of users.
export const GET = routeHandler((_request, { user }) => Response.json({ name: user.name, role: user.role }))
