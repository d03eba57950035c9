import { apiRoute, signOut } from "../../lib/auth"
import { allow, succeed } from "../../lib/form-api"

export const config = { api: { bodyParser: { sizeLimit: "16kb" } } }

// Public, because who is signed out already may sign out.
const leave = apiRoute(
  async (req, res) => {
    await signOut(req, res)
    succeed(req, res, "/")
  },
  { public: true },
)

export default allow("POST", leave)
