import type { AdapterCase } from "./adapter-case.ts"
import type { totpOf } from "./totp-fixture.ts"
import type { TotpTrial } from "./trial.ts"
import { totpCase } from "./trial.ts"

/** Creates a case about a user's authenticator. The other user's must not have changed at the end. */
export function ownedCase(name: string, check: (trial: Owned) => Promise<void>): AdapterCase {
  return totpCase(name, async (trial) => {
    const [totp, theirs] = [await trial.addTotp(trial.userId, 1), await trial.addTotp(trial.otherId, 2)]
    await check({ ...trial, totp, theirs })
    await trial.expectTotp(trial.otherId, theirs)
  })
}

type Owned = TotpTrial & Record<"totp" | "theirs", ReturnType<typeof totpOf>>
