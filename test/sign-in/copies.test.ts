import { build } from "esbuild"
import { expect, test } from "vitest"
import { root } from "../package/tarball.ts"
import type * as index from "../../src/index.ts"
import type * as signIn from "../../src/sign-in.ts"
import type * as tokens from "../../src/tokens.ts"
import type * as users from "../../src/users.ts"
import { keyOfAda, setUp } from "./set-up.ts"

type Copy = typeof index & typeof signIn & typeof tokens & typeof users

test("two copies of the package work together: proofs, tokens, the door and errors", async () => {
  const [one, other] = [await loadCopy("one"), await loadCopy("other")]
  expect(one.createSignIn).not.toBe(other.createSignIn)
  const { adapter, hasher, factors } = await setUp()
  factors.totp.enroll("ada")
  const usersOfOne = one.createUsers({ adapter, passwordHasher: hasher })
  const tokensOfOther = other.createTokens({ adapter, purposes: {} })
  const auth = one.createAuth({ adapter, proofsOnly: true, getSessionAttributes: other.assurance })
  const door = other.createSignIn({
    auth,
    users: usersOfOne,
    tokens: tokensOfOther,
    factors: Object.values(factors),
  })
  const begun = await usersOfOne.signInWithPassword(door, keyOfAda)
  const signedIn = await door.finishSignIn(begun?.pending, (userId) => factors.totp.verify(userId))
  expect(await auth.validateSession(signedIn?.token)).toMatchObject({ session: { userId: "ada", level: 2 } })

  await usersOfOne.deleteUser("grace")
  const proof = await usersOfOne.verifyPassword(keyOfAda)
  await door.elevate({ sessionToken: signedIn?.token, proof: proof! })
  const again = door.beginSignIn(proof!)
  await expect(again).rejects.toSatisfy((error) => one.isAuthError(error) && error.code === "proof_void")
})

/** Bundles the package, and loads it as a module of its own. */
async function loadCopy(name: string): Promise<Copy> {
  const entries = ["index", "sign-in", "tokens", "users"]
  const { outputFiles } = await build({
    stdin: { contents: entries.map((entry) => `export * from "./src/${entry}.ts"`).join("\n"), resolveDir: root },
    bundle: true,
    write: false,
    format: "esm",
    footer: { js: `// ${name}` },
  })
  return import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`)
}
