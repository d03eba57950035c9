import type { Metadata } from "next"
import { safeRedirect } from "nightlatch/web"
import { confirmWithProvider } from "@/app/actions/oauth"
import { confirmWithPasskey } from "@/app/actions/passkeys"
import { confirmWithPassword, confirmWithRecoveryCode, confirmWithTotp, mailConfirmCode } from "@/app/actions/confirm"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { PasskeyForm } from "@/app/ui/passkey-form"
import { ProviderButtons } from "@/app/ui/provider-buttons"
import { passkeys, protectedPage } from "@/lib/auth"
import { getMissingProofs, listProviders } from "@/lib/dal"
import type { SecondFactors } from "@/lib/dal"

export const metadata: Metadata = { title: "Confirm it is you" }

interface ConfirmPageProps {
  searchParams: Promise<{ next?: string | string[] }>
}

export default protectedPage(async ({ user }, { searchParams }: ConfirmPageProps) => {
  const next = safeRedirect((await searchParams).next, "/account")
  const [{ step, factors, hasPassword }, linked] = [await getMissingProofs(), await listProviders()]
  return (
    <>
      <h1>Confirm it is you</h1>
      <p className="lead">
        {step === "first"
          ? "The next step is sensitive. Please confirm again that it is you."
          : "This account has a second step. Please confirm with it, too."}
      </p>
      {factors.hasPasskey && (
        <PasskeyForm
          action={confirmWithPasskey}
          button="Use your passkey"
          question={await passkeys.signInOptions({ userId: user.id })}
          hidden={{ next }}
        />
      )}
      {step === "first" ? (
        <FirstProof
          next={next}
          hasPassword={hasPassword}
          isOnly={!hasPassword && !factors.hasPasskey}
          providers={linked.map(({ providerId }) => providerId)}
        />
      ) : (
        <SecondProof next={next} {...factors} />
      )}
    </>
  )
})

interface FirstProofProps {
  next: string
  hasPassword: boolean
  /** Whether the account has only the address and providers. */
  isOnly: boolean
  providers: string[]
}

function FirstProof({ next, hasPassword, isOnly, providers }: FirstProofProps) {
  return (
    <>
      {hasPassword && (
        <ActionForm action={confirmWithPassword} button="Confirm" fields={[fields.password]} hidden={{ next }} />
      )}
      <h2>{isOnly ? "By e-mail" : "Or by e-mail"}</h2>
      <ActionForm action={mailConfirmCode} button="Send me a code" hidden={{ next }} />
      <ProviderButtons action={confirmWithProvider} verb="Confirm with" next={next} only={providers} />
    </>
  )
}

function SecondProof({ next, hasTotp, recoveryCodes }: SecondFactors & { next: string }) {
  return (
    <>
      {hasTotp && <ActionForm action={confirmWithTotp} button="Confirm" fields={[fields.totp]} hidden={{ next }} />}
      {recoveryCodes > 0 && (
        <>
          <h2>Without your device</h2>
          <ActionForm
            action={confirmWithRecoveryCode}
            button="Use recovery code"
            fields={[fields.recovery]}
            hidden={{ next }}
          />
        </>
      )}
    </>
  )
}
