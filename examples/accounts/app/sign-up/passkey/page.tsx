import type { Metadata } from "next"
import Link from "next/link"
import { signUpWithPasskey } from "@/app/actions/passkeys"
import { confirmSignUpAddress } from "@/app/actions/sign-up"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { PasskeyForm } from "@/app/ui/passkey-form"
import { flow, passkeys, tokens } from "@/lib/auth"
import { confirmedAddress } from "@/lib/sign-up"

export const metadata: Metadata = { title: "Create account with a passkey" }

// First the code, then the passkey, which gets the address as its name.
export default async function SignUpPasskeyPage() {
  const confirmed = await tokens.peekToken(await flow.readFlow(confirmedAddress), "confirmed_address")
  return (
    <>
      <h1>Create account with a passkey</h1>
      {confirmed ? <NewPasskey email={confirmed.data.email} /> : <AddressCode />}
      <p className="other">
        Prefer a password? <Link href="/sign-up">Start again</Link>
      </p>
    </>
  )
}

function AddressCode() {
  return (
    <>
      <p className="lead">Enter the code from the e-mail first.</p>
      <ActionForm action={confirmSignUpAddress} button="Confirm address" fields={[fields.code]} />
    </>
  )
}

async function NewPasskey({ email }: { email: string }) {
  return (
    <>
      <p className="lead">
        {email} is confirmed. Your device will ask for your fingerprint, face or PIN. You do not need a password.
      </p>
      <PasskeyForm
        action={signUpWithPasskey}
        button="Create account"
        question={await passkeys.registrationOptions({ name: email })}
      />
    </>
  )
}
