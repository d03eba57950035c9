import type { Metadata } from "next"
import { changePassword } from "@/app/actions/password"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { protectedPage, recently } from "@/lib/auth"

export const metadata: Metadata = { title: "Change password" }

export default protectedPage(
  () => (
    <>
      <h1>Change password</h1>
      <p className="lead">All other devices will be signed out.</p>
      <ActionForm action={changePassword} button="Change password" fields={[fields.newPassword]} />
    </>
  ),
  { authorize: recently, path: "/account/password" },
)
