import { apiRoute } from "../../lib/auth"
import { visitorOf } from "../../lib/data-access"
import { allow } from "../../lib/form-api"

export default allow(
  "GET",
  apiRoute((_req, res, member) => res.json(visitorOf(member).user)),
)
