import { apiRoute, isAdmin } from "../../../lib/auth"
import { listUsers } from "../../../lib/data-access"
import { allow } from "../../../lib/form-api"

export default allow(
  "GET",
  apiRoute((_req, res) => res.json(listUsers()), { authorize: isAdmin }),
)
