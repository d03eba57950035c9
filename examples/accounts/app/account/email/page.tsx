import type { Metadata } from "next"
import { requestEmailChange } from "@/app/actions/account"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { protectedPage, recently } from "@/lib/auth"

export const metadata: Metadata = { title: "Change e-mail address" }

export default protectedPage(
  ({ user }) => (
    <>
      <h1>Change e-mail address</h1>
      <p className="lead">
        Your address is {user.email}. We will send a link to the new address, and a notice to this one.
      </p>
      <ActionForm
        action={requestEmailChange}
        button="Send link"
        fields={[{ ...fields.email, label: "New e-mail address", autoComplete: "email" }]}
      />
    </>
  ),
  { authorize: recently, path: "/account/email" },
)
