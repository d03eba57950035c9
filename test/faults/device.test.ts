import { pathToFileURL } from "node:url"
import { expect, test } from "vitest"
import { bundled } from "./built-world.ts"
import { deviceBugs } from "./device-bugs.ts"
import { deviceProofBugs } from "./device-proof-bugs.ts"

type Attacks = Record<string, () => Promise<void>>

const code = `
import { attacksOnCookies } from "./test/device/attacks-on-cookies.ts"
import { attacksOnOffers } from "./test/device/attacks-on-offers.ts"
import { attacksOnProofs } from "./test/device/attacks-on-proofs.ts"
import { attacksOnRegistrations } from "./test/device/attacks-on-registrations.ts"
export const attacks = { ...attacksOnCookies, ...attacksOnOffers, ...attacksOnProofs, ...attacksOnRegistrations }
`

test("without a bug every attack fails", async () => {
  const attacks = await attacksOn(await bundled("device", code))
  for (const run of Object.values(attacks)) await run()
})

test.each(Object.entries({ ...deviceBugs, ...deviceProofBugs }))(
  "an attack shows that %s",
  async (_, { shownBy, ...bug }) => {
    const attacks = await attacksOn(await bundled("device", code, bug))
    expect(Object.keys(attacks)).toContain(shownBy)
    await expect(attacks[shownBy]!()).rejects.toThrow()
  },
)

async function attacksOn(file: string): Promise<Attacks> {
  const { attacks } = (await import(pathToFileURL(file).href)) as { attacks: Attacks }
  return attacks
}
