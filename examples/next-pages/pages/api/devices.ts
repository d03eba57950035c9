import { apiRoute, auth, signOut } from "../../lib/auth"
import { allow, succeed, textField } from "../../lib/form-api"

export const config = { api: { bodyParser: { sizeLimit: "16kb" } } }

const signOutDevice = apiRoute(async (req, res, { user, session }) => {
  const chosen = textField(req, "session")
  if (chosen === "all") {
    await auth.invalidateUserSessions(user.id)
    await signOut(req, res)
    return succeed(req, res, "/")
  }
  if (chosen === "others") await auth.invalidateUserSessions(user.id, { except: session.id })
  // A form can name anyone's session: the user id keeps it to their own.
  else await auth.invalidateSession(chosen, { userId: user.id })
  succeed(req, res, "/devices")
})

export default allow("POST", signOutDevice)
