import { expect, expectTypeOf, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { pbkdf2 } from "../../src/password.ts"
import { createUsers } from "../../src/users.ts"
import type { CreateUserReason } from "../../src/users.ts"

test("the reason of a refusal may be destructured next to what it refuses", async () => {
  const users = createUsers({ adapter: memoryAdapter<{ id: string }>(), passwordHasher: pbkdf2() })
  const key = { providerId: "username", providerUserId: "ada", password: "short" }
  const { user, reason } = await users.createUser({ key, attributes: {} })
  if (user) expectTypeOf(reason).toEqualTypeOf<undefined>()
  else expectTypeOf(reason).toEqualTypeOf<CreateUserReason>()
  expect(reason).toBe("password_too_short")

  const { updated, reason: why } = await users.updateUser("nobody", {})
  if (!updated) expectTypeOf(why).toEqualTypeOf<"user_missing" | "attribute_taken">()
  expect(why).toBe("user_missing")
})
