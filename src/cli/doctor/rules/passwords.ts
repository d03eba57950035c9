import { callsOf, propertiesOf, property } from "../calls.ts"
import type { Call } from "../calls.ts"
import { codeOf } from "../expression-text.ts"
import { functionsOf } from "../functions.ts"
import { importsFrom, importsOf } from "../imports.ts"
import { oncePer } from "../once.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Rule, Spot } from "../rule.ts"
import { isAt, next, split, textAt } from "../source.ts"
import type { Range, Source } from "../source.ts"
import { startOfChain } from "../expressions.ts"
import { pages } from "../pages.ts"

const hashColumn = /^(?:password|passwordHash|password_hash|hashedPassword|hashed_password|passwd|pwd|pass)$/
const hashNames = /^(?:passwordHash|password_hash|hashedPassword|hashed_password|password)$/
const fromForm =
  /^(?:form|data|body|values|input|fields|parsed|errors|state|credentials|req|request|event|props|formData)\b/
const hashers = /^(?:bcrypt|bcryptjs|argon2|@node-rs\/argon2|@node-rs\/bcrypt|scrypt-js|pbkdf2)$/

/** Rules about passwords and the user data that the application exposes. */
export const passwordRules: Rule[] = [
  {
    name: "password-compared",
    severity: "error",
    finds: "a password or its hash compared by `===`",
    cure: "Use `users.signInWithPassword` or `users.verifyPassword`, which compare hashes in constant time.",
    page: pages.passwords,
    check: inEachSource((source) =>
      comparisons(source).map((at): Spot => {
        return [
          at,
          "A stored password is compared as text: it is stored in clear, or its hash has no salt, and timing reveals how much is correct.",
        ]
      }),
    ),
  },
  {
    name: "fast-password-hash",
    severity: "error",
    finds: "a password hashed with SHA-256, SHA-1, MD5 or the like",
    cure: "Use `argon2id()` or `scrypt()` of `nightlatch/password`, by `createUsers({ passwordHasher })`.",
    page: pages.passwords,
    check: inEachSource((source) =>
      fastHashes(source).map(({ at }): Spot => [
        at,
        "A fast hash lets an attacker try billions of passwords a second.",
      ]),
    ),
  },
  {
    name: "own-hashing",
    severity: "advice",
    finds: "passwords hashed by another package next to `nightlatch/password`",
    cure: "Let `createUsers` hash, and give hashes of earlier days to `passwordHasher({ preferred: argon2id(), accepted: [...] })`.",
    page: pages.passwords,
    check: inEachSource((source, project) => (hashesWithUs(project) ? ownHashes(source) : [])),
  },
  {
    name: "whole-row",
    severity: "error",
    finds: "a `getUserAttributes` that returns the whole row",
    cure: "Name the columns that the application may see: `getUserAttributes: ({ username, role }) => ({ username, role })`.",
    page: pages.authorization,
    check: inEachSource((source) =>
      attributeFunctions(source, ["getUserAttributes"])
        .filter(({ at }) => returnsRow(source, at))
        .map(({ at }): Spot => {
          return [at, "Every column of the user's row reaches the application, and those that are added later."]
        }),
    ),
  },
  {
    name: "exposed-password",
    severity: "error",
    finds: "a `getUserAttributes` or `getSessionAttributes` that returns a password hash",
    cure: "Leave it out. `users.verifyPassword` checks a password without showing the hash.",
    page: pages.passwords,
    check: inEachSource((source) =>
      attributeFunctions(source, ["getUserAttributes", "getSessionAttributes"]).flatMap(({ at }) => {
        const keys = returnedObject(source, at).filter(({ key }) => hashNames.test(key))
        return keys.map((each): Spot => [each.at, `${each.key} reaches every page and component that gets the user.`])
      }),
    ),
  },
]

// One side is a column of a stored row, the other a password or a hash.
function comparisons(source: Source): number[] {
  return source.tokens.flatMap((token, at) => {
    if (!/^[!=]==?$/.test(token.text) || token.kind !== "punctuation") return []
    const left = { start: startOfChain(source, at - 1), end: at }
    const right = { start: at + 1, end: endOfOperand(source, at + 1) }
    const isFound =
      (isStored(source, left) && isPassword(source, right)) || (isStored(source, right) && isPassword(source, left))
    return isFound ? [at] : []
  })
}

// Skips files that query Have I Been Pwned, which needs a part of the SHA-1.
function fastHashes(source: Source): Call[] {
  if (source.tokens.some(({ text }) => text.includes("pwnedpasswords"))) return []
  return callsOf(source, new Set(["update", "digest"])).filter(({ name, object, args }) => {
    const isHash = name === "update" ? /create(?:Hash|Hmac)\(/.test(object) : /(?:^|\.)subtle$/.test(object)
    return isHash && args.some((each) => /(?:^|[^\w.])(?:\w+\.)*\w*[pP]assword\b/.test(codeOf(source, each)))
  })
}

function endOfOperand(source: Source, start: number): number {
  let at = isAt(source, start, "await") ? start + 1 : start
  while (source.tokens[at]?.kind === "name" || /^(?:\??\.|\(|\[)$/.test(textAt(source, at))) at = next(source, at)
  return at
}

function isStored(source: Source, { start, end }: Range): boolean {
  const isMember = end - start >= 3 && /^\??\.$/.test(textAt(source, end - 2))
  return isMember && hashColumn.test(textAt(source, end - 1)) && !fromForm.test(textAt(source, start))
}

function isPassword(source: Source, range: Range): boolean {
  const code = codeOf(source, range)
  const isHash = /^(?:await )?(?:\w+\.)*(?:hash\w*|sha\w+|md5|createHash)\(/i.test(code)
  return isHash || hashColumn.test(textAt(source, range.end - 1)) || /\.get\(["']password["']\)!?$/.test(code)
}

const hashesWithUs = oncePer(({ sources }: Project) => {
  return sources.some((source) => importsFrom(source, "nightlatch/password"))
})

function ownHashes(source: Source): Spot[] {
  const names = importsOf(source)
    .filter(({ module, isType }) => hashers.test(module) && !isType)
    .flatMap((each) => [...each.names.keys()])
  const calls = callsOf(source, new Set(["hash", "hashSync", ...names])).filter(({ name, object }) => {
    return object ? names.includes(object) && name.startsWith("hash") : names.includes(name) && name.startsWith("hash")
  })
  return calls.map(({ at }) => [
    at,
    "Passwords are hashed in two ways: parameters, limits and the queue of createUsers do not reach this one.",
  ])
}

// The positions of functions under these keys in the options of an auth.
function attributeFunctions(source: Source, keys: string[]): { at: number }[] {
  const calls = callsOf(source, new Set(["createAuth", "createStatelessAuth"]))
  return calls.flatMap(({ args }) => keys.flatMap((key) => property(source, args[0], key) ?? []))
}

// `(row) => row`, `(row) => ({ ...row })` and `{ return row }`.
function returnsRow(source: Source, at: number): boolean {
  const found = functionUnder(source, at)
  const [row] = found ? split(source, found.parameters, (text) => text === ",") : []
  if (!found || !row || source.tokens[row.start]?.kind !== "name") return false
  const name = textAt(source, row.start)
  const code = codeOf(source, found.body)
    .replace(/^return /, "")
    .replace(/;$/, "")
  return [name, `{...${name}}`, `({...${name}})`, `{...${name},}`, `({...${name},})`].includes(code)
}

function returnedObject(source: Source, at: number) {
  const found = functionUnder(source, at)
  if (!found) return []
  const { start } = found.body
  const isReturn = isAt(source, start, "return", "{")
  const isGrouped = isAt(source, start, "(", "{")
  return isReturn || isGrouped ? propertiesOf(source, start + 1) : []
}

function functionUnder(source: Source, at: number) {
  return functionsOf(source).find(({ start, body }) => start >= at && start <= at + 3 && body.start > at)
}
