import { normalizeUsername } from "nightlatch/users"
import { safeRedirect } from "nightlatch/web"
import { apiRoute, auth, setSession, signInThrottle, users } from "../../lib/auth"
import { deviceLabel } from "../../lib/device-label"
import { allow, fail, succeed, textField } from "../../lib/form-api"
import { hasErrors } from "../../lib/form-errors"
import type { FormErrors } from "../../lib/form-errors"

export const config = { api: { bodyParser: { sizeLimit: "16kb" } } }

const signIn = apiRoute(
  async (req, res) => {
    const [username, password] = [textField(req, "username"), textField(req, "password")]
    const next = safeRedirect(textField(req, "next"), "/profile")
    const form = { page: "/sign-in", query: { next } }
    const missing = findMissing(username, password)
    if (hasErrors(missing)) return fail(req, res, { status: 422, errors: missing, ...form })
    const account = normalizeUsername(username)
    const { allowed, retryAfter } = await signInThrottle.consume({ account })
    if (!allowed) {
      res.setHeader("Retry-After", retryAfter)
      return fail(req, res, { status: 429, errors: { form: "too_many_attempts" }, ...form })
    }
    const attributes = { device: deviceLabel(req.headers["user-agent"]) }
    const signedIn = await users.signInWithPassword(
      auth,
      { providerId: "username", providerUserId: username, password },
      attributes,
    )
    if (!signedIn) return fail(req, res, { status: 401, errors: { form: "credentials_wrong" }, ...form })
    await signInThrottle.reset({ account })
    await setSession(req, res, signedIn.token, { persistent: textField(req, "remember") !== "" })
    succeed(req, res, next)
  },
  { public: true },
)

export default allow("POST", signIn)

function findMissing(username: string, password: string): FormErrors {
  return {
    ...(!username && { username: "username_missing" }),
    ...(!password && { password: "password_missing" }),
  }
}
