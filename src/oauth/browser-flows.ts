import type { AnyAuth } from "../core/auth.ts"
import { checkOption, checkOptions } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import type { FlowRequest } from "../request/flow.ts"
import { cookieNameOf, isCookieName, parseFlow } from "./flow-value.ts"
import type { AskingSession, BeginOAuth, CompleteOAuth, OAuth, OAuthAuth, OAuthResult } from "./oauth.ts"
import type { OAuthProfile } from "./provider.ts"
import { refuse } from "./refusal.ts"

const maxFlows = 5

/** Looks for the session that asks. Not called for a sign-in. */
export type Asking<Id extends UserId> = () => Answer<Id> | Promise<Answer<Id>>
type Answer<Id extends UserId> = AskingSession<Id> | null | undefined

/** Starts and ends flows that a browser keeps in cookies, by what starts and ends any flow. */
export function browserFlows<P extends OAuthProfile, Id extends UserId>(
  auth: OAuthAuth,
  start: (begin: BeginOAuth, asking: Asking<Id>) => Promise<{ url: URL; flow: string; state: string }>,
  complete: (given: CompleteOAuth<Id>, asking: Asking<Id>) => Promise<OAuthResult<P, Id>>,
): Pick<OAuth<P, Id>, "beginOAuth" | "finishOAuth"> {
  return {
    async beginOAuth(request, begin) {
      checkOptions("beginOAuth()", begin, "providerId", "intent", "next")
      // A redirect there fails, so the browser drops what it has prefetched and asks again when the user comes.
      if (await request.prefetch) return new URL("about:blank")
      const { url, flow, state } = await start(begin, async () => {
        await checkRequest(request, begin.intent)
        return sessionOf(request)
      })
      await dropOldFlows(request)
      // Longer than a flow is valid, so that a late callback is `expired`.
      await request.setFlow(cookieNameOf(state), flow, "1h")
      return url
    },

    async finishOAuth(request, { providerId, callback }) {
      const name = cookieNameOf(callback.searchParams.get("state") ?? "")
      const flow = (await request.prefetch) ? null : await request.readFlow(name)
      if (flow === null) return refuse("mismatch")
      await request.setFlow(name, null)
      return complete({ providerId, callback, flow }, () => sessionOf(request))
    },
  }

  async function checkRequest<A extends AnyAuth>(request: FlowRequest<A>, intent: string): Promise<void> {
    // A link on another site could start it otherwise.
    const method = await request.method
    checkOption("flow.method", method, method === "POST", `cannot begin "${intent}"; use a form with method="post"`)
    const { sameSite } = auth.createBlankSessionCookie().attributes
    const comesBack = sameSite !== "strict"
    checkOption("cookie.sameSite", sameSite, comesBack, `is not sent with a callback; use "lax" for "${intent}"`)
  }

  async function sessionOf<A extends AnyAuth>(request: FlowRequest<A>): Promise<AskingSession<Id> | null> {
    const member: { session: unknown } | null = await request.validate()
    // The sessions of the auth are those of its users.
    return member && (member.session as AskingSession<Id>)
  }
}

/** Makes room for one more. A browser that never comes back from a provider would collect them. */
async function dropOldFlows<A extends AnyAuth>(request: FlowRequest<A>): Promise<void> {
  const names = (await request.flowNames("oauth-")).filter(isCookieName)
  const flows = await Promise.all(
    names.map(async (name) => [parseFlow(await request.readFlow(name))?.issuedAt ?? 0, name] as const),
  )
  const oldest = flows.sort(([a], [b]) => b - a).slice(maxFlows - 1)
  for (const [, name] of oldest) await request.setFlow(name, null)
}
