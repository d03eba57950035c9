import type { Method } from "../proof/proof.ts"

/** What can be asked for after the first factor. */
export type Factor = "totp" | "passkey" | "recovery"

// What a method proves: 1 for something the user knows, 2 for something the user has, 3 for both. A mailbox or another
// provider proves neither.
const kinds: Record<Method, number> = { password: 1, email: 0, oauth: 0, sign_up: 0, totp: 2, recovery: 2, passkey: 3 }

/** Returns whether a text names a method. */
export function isMethod(text: string): text is Method {
  return Object.hasOwn(kinds, text)
}

/** Returns whether a sign-in can begin with this method. */
export function isFirst(method: Method): boolean {
  return kinds[method] !== 2
}

/** Returns whether two methods are of different kinds, so that the second adds something to the first. */
export function differ(first: Method, second: Method): boolean {
  return kinds[first] !== kinds[second]
}

/** Level 2 is a passkey, or a TOTP or recovery code together with a first factor. */
export function levelOf(methods: readonly Method[]): 1 | 2 {
  const isStrong = methods.includes("passkey") || (methods.some(isFirst) && !methods.every(isFirst))
  return isStrong ? 2 : 1
}
