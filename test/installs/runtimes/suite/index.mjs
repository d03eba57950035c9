// Runs everywhere: imports the package and nothing else, and calls what the Web's standards say.
import { adapter } from "./adapter.mjs"
import { core } from "./core.mjs"
import { device } from "./device.mjs"
import { oauth } from "./oauth.mjs"
import { passkeys } from "./passkeys.mjs"
import { passwords } from "./password.mjs"
import { stateless } from "./stateless.mjs"
import { totp } from "./totp.mjs"
import { users } from "./users.mjs"
import { web } from "./web.mjs"

const parts = { core, web, stateless, users, totp, passkeys, device, oauth, passwords, "memory adapter": adapter }

/** Every case: the part that it belongs to, its name, and what it does. */
export const cases = Object.entries(parts).flatMap(([part, runs]) =>
  Object.entries(runs).map(([name, run]) => ({ part, name, run })),
)

/** Runs every case. Resolves to what became of each: `failure` is `null`, or what was wrong. */
export async function runSuite() {
  const results = []
  for (const { part, name, run } of cases) results.push({ part, name, failure: await failureOf(run) })
  return results
}

async function failureOf(run) {
  try {
    await run()
    return null
  } catch (error) {
    return String(error?.stack ?? error)
  }
}
