import type { Rule } from "./rule.ts"
import { awaitingRules } from "./rules/awaiting.ts"
import { cookieRules } from "./rules/cookies.ts"
import { deviceRules } from "./rules/devices.ts"
import { guardRules } from "./rules/guards.ts"
import { nextRules } from "./rules/next.ts"
import { originRules } from "./rules/origins.ts"
import { packageRules } from "./rules/packages.ts"
import { passwordRules } from "./rules/passwords.ts"
import { requestRules } from "./rules/requests.ts"
import { schemaRules } from "./rules/schema.ts"
import { secretRules } from "./rules/secrets.ts"
import { setupRules } from "./rules/setup.ts"
import { signInRules } from "./rules/sign-in.ts"
import { throttleRules } from "./rules/throttles.ts"

/** The rules of `nightlatch doctor`, in the order of its documentation. */
export const rules: readonly Rule[] = [
  ...guardRules,
  ...awaitingRules,
  ...nextRules,
  ...requestRules,
  ...cookieRules,
  ...originRules,
  ...secretRules,
  ...passwordRules,
  ...throttleRules,
  ...signInRules,
  ...deviceRules,
  ...setupRules,
  ...schemaRules,
  ...packageRules,
]
