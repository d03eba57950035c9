import { isAdmin, routeHandler } from "@/lib/auth"
import { listMembers } from "@/lib/dal"

export const GET = routeHandler(async () => Response.json(await listMembers()), { authorize: isAdmin })
