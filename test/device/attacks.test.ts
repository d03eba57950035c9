import { describe, test } from "vitest"
import { attacksOnCookies } from "./attacks-on-cookies.ts"
import { attacksOnOffers } from "./attacks-on-offers.ts"
import { attacksOnProofs } from "./attacks-on-proofs.ts"
import { attacksOnRegistrations } from "./attacks-on-registrations.ts"

// Deliberate bugs run them too, without Vitest: test/faults/device.test.ts.
describe.each(Object.entries({ attacksOnProofs, attacksOnRegistrations, attacksOnCookies, attacksOnOffers }))(
  "%s",
  (_, attacks) => {
    test.each(Object.entries(attacks))("%s", (_, run) => run())
  },
)
