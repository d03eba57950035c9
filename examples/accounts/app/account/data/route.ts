import { redirect } from "next/navigation"
import { deviceBinding, recently, routeHandler } from "@/lib/auth"
import { getOwnData } from "@/lib/dal"

/**
 * "Download your data". Where the session is bound, the browser proves that it is still the machine that signed
 * in, and nobody is asked anything. Where it is not, or has no proof, the user confirms who they are.
 */
export const GET = routeHandler(async (request, member) => {
  const { provenAt, redirect: proveNow } = await deviceBinding.prove(request, member.session)
  if (proveNow) return proveNow
  // Back to the account's page: the browser would stay at the form if a file came of it.
  if (!provenAt && (await recently(member)) !== true)
    redirect(`/confirm?next=${encodeURIComponent("/account?done=data")}`)
  const headers = { "Content-Disposition": 'attachment; filename="account.json"' }
  return Response.json(await getOwnData(), { headers })
})
