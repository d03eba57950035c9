import type { Metadata } from "next"
import { redirect } from "next/navigation"
import { confirmTotp } from "@/app/actions/two-step"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { QrCode } from "@/app/ui/qr-code"
import { flow, protectedPage, recently, totp } from "@/lib/auth"
import { enrollmentFlow } from "@/lib/two-step"

export const metadata: Metadata = { title: "Set up an authenticator app" }

export default protectedPage(
  async ({ user }) => {
    const waiting = await flow.readFlow(enrollmentFlow)
    const { uri, secret, enrollment } = await totp.enrollTotp({
      userId: user.id,
      account: user.email,
      enrollment: waiting,
    })
    // This enrollment is missing or too old, and a new one was created, which the action would not know.
    if (enrollment !== waiting) redirect("/account/two-step")
    return (
      <>
        <h1>Set up an authenticator app</h1>
        <p className="lead">Scan this with the app on your phone, then enter the six digits that it shows.</p>
        <QrCode text={uri} label="QR code for your authenticator app" />
        <p>
          Cannot scan it? Type this key into the app:{" "}
          <code className="secret">{secret.replace(/.{4}(?=.)/g, "$& ")}</code>
        </p>
        <ActionForm action={confirmTotp} button="Turn it on" fields={[fields.totp]} />
      </>
    )
  },
  { authorize: recently, path: "/account/two-step/set-up" },
)
