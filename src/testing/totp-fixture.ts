import type { UserId } from "../core/ports.ts"
import type { TotpAdapter, TotpRecord } from "../totp/totp-port.ts"
import type { AnyAdapter } from "./adapter-case.ts"
import { expectEqual, format } from "./expectation.ts"

/** A time step in 2025. */
export const usualStep = 58_000_000

/** Creates authenticator `n`: text like a sealed secret's, in both cases, and a used step. */
export function totpOf(n: number, changes: Partial<TotpRecord> = {}): TotpRecord {
  return { secret: `k1.SealedSeed_${n}-xY`, usedStep: usualStep, ...changes }
}

/** Creates the helpers of the TOTP port's cases, in addition to {@link startTrial}. */
export function totpChecks(adapter: AnyAdapter & TotpAdapter) {
  /** Inserts an authenticator without `replace`, and resolves to whether it was stored. */
  function insert(userId: UserId, { secret, usedStep }: TotpRecord): Promise<boolean> {
    return adapter.insertTotp(userId, secret, usedStep, false)
  }

  /** Inserts an authenticator, replacing any other, and resolves to whether it was stored. */
  function replace(userId: UserId, { secret, usedStep }: TotpRecord): Promise<boolean> {
    return adapter.insertTotp(userId, secret, usedStep, true)
  }

  /** Stores authenticator `n` for a user, and resolves to it. Throws unless it is stored. */
  async function addTotp(userId: UserId, n: number, changes?: Partial<TotpRecord>): Promise<TotpRecord> {
    const totp = totpOf(n, changes)
    expectEqual("insertTotp()", await insert(userId, totp), true)
    return totp
  }

  /** Throws unless the user has this authenticator. */
  async function expectTotp(userId: UserId, totp: TotpRecord): Promise<void> {
    const found = await adapter.findTotp(userId)
    expectEqual(`findTotp(${format(userId)})`, found && fieldsOf(found), fieldsOf(totp))
  }

  /** Throws if one of the users has an authenticator. */
  async function expectNoTotp(...userIds: UserId[]): Promise<void> {
    for (const userId of userIds) {
      expectEqual(`findTotp(${format(userId)})`, await adapter.findTotp(userId), null)
    }
  }

  return { insert, replace, addTotp, expectTotp, expectNoTotp }
}

function fieldsOf({ secret, usedStep }: TotpRecord): TotpRecord {
  return { secret, usedStep }
}
