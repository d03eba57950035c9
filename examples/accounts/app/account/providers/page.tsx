import type { Metadata } from "next"
import { linkProvider, unlinkProvider } from "@/app/actions/oauth"
import { ProviderButtons } from "@/app/ui/provider-buttons"
import { protectedPage, recently } from "@/lib/auth"
import { listProviders } from "@/lib/dal"
import { providerChoices } from "@/lib/providers"

export const metadata: Metadata = { title: "Other ways to sign in" }

interface ProvidersPageProps {
  searchParams: Promise<{ done?: string | string[] }>
}

export default protectedPage(
  async (_member, { searchParams }: ProvidersPageProps) => {
    const [{ done }, linked] = [await searchParams, await listProviders()]
    const others = providerChoices.filter(({ id }) => !linked.some(({ providerId }) => providerId === id))
    return (
      <>
        <h1>Other ways to sign in</h1>
        {done === "last" && (
          <p className="notice error" role="alert">
            This is your only way to sign in. Add another one first.
          </p>
        )}
        <p className="lead">Use an account that you have elsewhere. Your other ways to sign in keep working.</p>
        <ul className="rows">
          {linked.map(({ providerId, providerUserId, label }) => (
            <li key={providerId + providerUserId}>
              <strong>{label}</strong>
              <form action={unlinkProvider}>
                <input type="hidden" name="provider" value={providerId} />
                <input type="hidden" name="id" value={providerUserId} />
                <button className="quiet">
                  Remove<span className="hidden"> {label}</span>
                </button>
              </form>
            </li>
          ))}
        </ul>
        <ProviderButtons action={linkProvider} verb="Add" only={others.map(({ id }) => id)} />
      </>
    )
  },
  { authorize: recently, path: "/account/providers" },
)
