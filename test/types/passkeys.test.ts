import { expectTypeOf, test } from "vitest"

import { memoryAdapter } from "../../adapters/memory.ts"
import type { UserId } from "../../src/index.ts"
import { createPasskeys } from "../../src/passkeys.ts"
import type {
  NewPasskey,
  PasskeyAdapter,
  PasskeyCreationOptions,
  PasskeyRequestOptions,
  Proof,
} from "../../src/passkeys.ts"
import type { TokenAdapter } from "../../src/tokens.ts"
import { site } from "../passkeys/set-up.ts"

const ofNumbers = createPasskeys({ adapter: memoryAdapter<{ id: number; username: string }>(), ...site })

// The names are what is promised to a user; the compiler checks the bodies, which are not run.
test("options are what the browser's own types take", () => {
  expectTypeOf<PasskeyCreationOptions>().toExtend<PublicKeyCredentialCreationOptionsJSON>()
  expectTypeOf<PasskeyRequestOptions>().toExtend<PublicKeyCredentialRequestOptionsJSON>()
})

test("user ids have the type of the adapter's rows", () => {
  void (async () => {
    expectTypeOf(await ofNumbers.verifyPasskey({ handle: "", response: {} })).toEqualTypeOf<Proof<number> | null>()
    expectTypeOf((await ofNumbers.listPasskeys(7))[0]!.userId).toEqualTypeOf<number>()
    // @ts-expect-error: a text is no user id here
    await ofNumbers.listPasskeys("7")
    const plain = createPasskeys({ adapter: memoryAdapter() as PasskeyAdapter & TokenAdapter, ...site })
    expectTypeOf(plain.listPasskeys).parameter(0).toEqualTypeOf<UserId>()
  })
})

test("nobody writes a new passkey down", () => {
  void (async () => {
    // @ts-expect-error: only verifyRegistration() makes one
    await ofNumbers.addPasskey({ userId: 7, id: "" })
    expectTypeOf<{ userId: number; id: string }>().not.toExtend<NewPasskey<number>>()
  })
})
