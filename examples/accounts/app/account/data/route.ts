import { redirect } from "next/navigation"
import { deviceBinding, recently, routeHandler } from "@/lib/auth"
import { getOwnData } from "@/lib/dal"

/**
 * "Download your data". If the session is bound, the browser proves that it runs on the machine that signed in, and the
 * user is not asked. Otherwise, or without a proof, the user confirms who they are.
 */
export const GET = routeHandler(async (request, member) => {
  const { provenAt, redirect: proveNow } = await deviceBinding.prove(request, member.session)
  if (proveNow) return proveNow
  // Return to the account page: with a download as the next page, the browser would stay on the form.
  if (!provenAt && (await recently(member)) !== true)
    redirect(`/confirm?next=${encodeURIComponent("/account?done=data")}`)
  const headers = { "Content-Disposition": 'attachment; filename="account.json"' }
  return Response.json(await getOwnData(), { headers })
})
