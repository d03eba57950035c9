// For workerd: answers with the results.
import { runSuite } from "./index.mjs"

export default { fetch: async () => Response.json(await runSuite()) }
