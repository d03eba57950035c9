import type { Bug } from "./built-world.ts"

const tokens = "src/tokens/create-tokens.ts"
const auth = "src/core/create-auth.ts"
const memory = "adapters/memory.ts"
const signIn = "src/sign-in/create-sign-in.ts"
const attempts = "adapters/memory/attempts.ts"

/** Bugs that show in what one does after another. */
export const historyBugs: Record<string, Bug> = {
  "a token is live at its deadline": {
    file: "src/tokens/token-store.ts",
    from: "now() < expiresAt.getTime()",
    to: "now() <= expiresAt.getTime()",
  },
  "a link is not used up": {
    file: tokens,
    from: "await store.read(name, token, adapter.takeToken)",
    to: "await store.read(name, token, adapter.findToken)",
  },
  "a link of one purpose is found as another": {
    file: "src/tokens/sealed-data.ts",
    from: "hashText(`${purpose}\\0${token}`)\n}\n\n/** Encrypts",
    to: "hashText(token)\n}\n\n/** Encrypts",
  },
  "wrong codes are not counted": {
    file: tokens,
    from: "adapter.tryToken(id, maxAttempts)",
    to: "adapter.findToken(id)",
  },
  "any code is right": { file: tokens, from: "if (!matchesCode(", to: "if (0 && !matchesCode(" },
  "a code is not used up": {
    file: tokens,
    from: "const taken = await adapter.takeToken(tried.id)",
    to: "const taken = await adapter.findToken(tried.id)",
  },
  "a code has a try more than it should": {
    file: tokens,
    from: "attempts: maxAttempts - attempts,",
    to: "attempts: maxAttempts - attempts - 1,",
  },
  "a code lives as long as a link": { file: tokens, from: "Math.min(lifetime, maxCodeLifetime)", to: "lifetime" },
  "four links are live": {
    file: tokens,
    from: "const liveTokens = 3",
    to: "const liveTokens = 4",
    steps: ["signUp", "createLink", "consumeLink"],
  },
  "tokens of a deleted user stay": {
    file: memory,
    from: "tokens.deleteTokens(id, { except: [] }), ",
    to: "",
  },
  "the last attempt of a budget is refused": {
    file: attempts,
    from: "from + cost <= now + span",
    to: "from + cost < now + span",
  },
  "a budget that was idle has more than its limit": {
    file: attempts,
    from: "Math.max(rows.get(id) ?? now, now)",
    to: "(rows.get(id) ?? now)",
  },
  "a budget is not filled up by reset()": {
    file: attempts,
    from: "for (const id of ids) rows.delete(id)",
    to: "",
  },
  "an attempt costs nothing": { file: attempts, from: "taken ? from + cost : from", to: "from" },
  "a session is live at its deadline": {
    file: "src/core/expiry.ts",
    from: "return now < endOf(session, policy)",
    to: "return now <= endOf(session, policy)",
  },
  "the absolute timeout is not enforced": {
    file: "src/core/expiry.ts",
    from: 'absolute === false ? Infinity : parseDuration(absolute, "session.absoluteTimeout")',
    to: "Infinity",
  },
  "a session is never extended": {
    file: "src/core/expiry.ts",
    from: "if (deadline > now + half) return null",
    to: "return null",
  },
  "rotation moves the absolute timeout": {
    file: auth,
    from: "const changed = { ...session, attributes",
    to: "const changed = { ...session, createdAt: new Date(now()), attributes",
    steps: ["signUp", "signIn", "rotate", "validate", "pass"],
  },
  "a user ends the session of another": {
    file: auth,
    from: "store.deleteSession(id, userId)",
    to: "store.deleteSession(id)",
  },
  "a session that is to be kept is ended": {
    file: auth,
    from: "store.deleteUserSessions(userId, options?.except)",
    to: "store.deleteUserSessions(userId)",
  },
  "dead sessions are listed": {
    file: auth,
    from: "sessions.filter((session) => isLive(session, now(), policy))",
    to: "sessions",
  },
  "a rotated token stays good": { file: memory, from: "return sessions.delete(oldId)", to: "return true" },
  "wrong second factors are not counted": {
    file: signIn,
    from: "await store.try(purpose, pending, maxTries)",
    to: "await store.peek(purpose, pending)",
    steps: ["signUp", "signIn", "useFactor", "finishSignIn", "peekSignIn"],
  },
  "a pending sign-in is good for two sessions": {
    file: signIn,
    from: "if (!(await store.take(purpose, pending)))",
    to: "if (!(await store.peek(purpose, pending)))",
  },
  "nobody is asked for a second factor": {
    file: signIn,
    from: "sufficient.includes(method) ? []",
    to: "true ? []",
  },
  "a factor that was taken away still counts": {
    file: signIn,
    from: "if (proven.stillHolds) return proven.stillHolds()",
    to: "if (proven.stillHolds) return true",
  },
  "a proof of one user elevates the session of another": {
    file: signIn,
    from: "if (session?.userId !== userId || !isFresh) return null",
    to: "if (!session || !isFresh) return null",
  },
  "links outlive a new password": {
    file: "src/users/pending-tokens.ts",
    from: 'const spared = [":recovery"]',
    to: 'const spared = [":recovery", "link", "other"]',
  },
}

/** Bugs that show only in what happens at the same time. Their `steps` are acts. */
export const interleavingBugs: Record<string, Bug> = {
  "a link is read and then deleted": {
    file: tokens,
    from: "await store.read(name, token, adapter.takeToken)",
    to: "await store.read(name, token, async (id) => { const found = await adapter.findToken(id); await adapter.takeToken(id); return found })",
  },
  "it does not matter who took a code": {
    file: tokens,
    from: "return accept(name, taken && {",
    to: "return accept(name, {",
    steps: ["createCode", "tryCode"],
  },
  "the password is not asked again once the session is stored": {
    file: signIn,
    from: "if (answers.every(Boolean)) return created",
    to: "return created",
  },
  "it does not matter who took a pending sign-in": {
    file: signIn,
    from: "if (!(await store.take(purpose, pending)))",
    to: "if (!(await store.take(purpose, pending), true))",
    steps: ["signIn", "finish"],
  },
  "a rotation revives a session that was ended": {
    file: memory,
    from: "if (!sessions.has(oldId)) return false\n      putSession(session)\n      return sessions.delete(oldId)",
    to: "putSession(session)\n      sessions.delete(oldId)\n      return true",
    steps: ["rotate", "signOut"],
  },
}

/** Bugs that show only in what happens to an account at the same time. */
export const accountBugs: Record<string, Bug> = {
  "a session is not looked up again once what it asked for is stored": {
    file: "src/proof/live-session.ts",
    from: "if (await isLive.catch(() => false)) return added",
    to: "return added",
    steps: ["addKey", "addDevice", "addApp", "signOut", "resetAccess"],
  },
  "it does not matter who took a recovery code": {
    file: "src/totp/create-recovery-codes.ts",
    from: "if (found?.userId !== userId || !(await tokens.take(purpose, code))) {",
    to: "if (found?.userId !== userId || !(await tokens.take(purpose, code), true)) {",
    steps: ["elevate", "finish", "signIn"],
  },
}
