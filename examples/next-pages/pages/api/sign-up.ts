import { checkPassword } from "nightlatch/password"
import { apiRoute, signIn, users } from "../../lib/auth"
import { deviceLabel } from "../../lib/device-label"
import { allow, fail, succeed, textField } from "../../lib/form-api"
import { hasErrors } from "../../lib/form-errors"
import type { FormErrors } from "../../lib/form-errors"

export const config = { api: { bodyParser: { sizeLimit: "16kb" } } }

const signUp = apiRoute(
  async (req, res) => {
    const [username, password] = [textField(req, "username"), textField(req, "password")]
    const errors = await check(username, password)
    if (hasErrors(errors)) return fail(req, res, { status: 422, errors, page: "/sign-up" })
    const key = { providerId: "username", providerUserId: username, password }
    const { user } = await users.createUser({ key, attributes: { username } })
    if (!user) return fail(req, res, { status: 422, errors: { username: "username_taken" }, page: "/sign-up" })
    const attributes = { device: deviceLabel(req.headers["user-agent"]) }
    await signIn(req, res, user.id, attributes, { persistent: textField(req, "remember") !== "" })
    succeed(req, res, "/profile")
  },
  { public: true },
)

export default allow("POST", signUp)

async function check(username: string, password: string): Promise<FormErrors> {
  const reason = await checkPassword(password)
  return {
    ...(!/^[a-z0-9_-]{3,31}$/i.test(username) && { username: "username_invalid" }),
    ...(reason && { password: reason }),
  }
}
