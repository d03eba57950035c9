import type { DeviceBug } from "./device-bugs.ts"

const binding = "src/device/create-device-binding.ts"
const proof = "src/device/device-proof.ts"

/** Bugs that accept a proof or a key that proves nothing, or that refuse one that does. */
export const deviceProofBugs: Record<string, DeviceBug> = {
  "a challenge is good for ever": {
    file: binding,
    from: "age < life + challengeMargin",
    to: "age >= 0",
    shownBy: "a recorded proof gives one more cookie, until a minute after the cookie that came with its challenge",
  },
  "a challenge is over with the cookie that came with it": {
    file: binding,
    from: "age < life + challengeMargin",
    to: "age < life",
    shownBy: "a recorded proof gives one more cookie, until a minute after the cookie that came with its challenge",
  },
  "the next challenge is the last one again": {
    file: binding,
    from: 'const challenge = await seal("challenge", hashText(key), now())',
    to: 'const challenge = jwt ? JSON.parse(atob(jwt.split(".")[1]!)).jti : await seal("challenge", hashText(key), now())',
    shownBy: "a recorded proof gives one more cookie, until a minute after the cookie that came with its challenge",
  },
  "asking is proof enough": {
    file: binding,
    from: "return age < life + challengeMargin ? instruct",
    to: "return age < life + challengeMargin || !jwt ? instruct",
    shownBy: "a challenge that nobody has signed gives nothing",
  },
  "a challenge for one key is good for all": {
    file: binding,
    from: "opened?.subject === hashText(key) ? opened.at : NaN",
    to: "opened?.at ?? NaN",
    shownBy: "a proof for one session is none for another",
  },
  "a refresh may bring a key": {
    file: proof,
    from: 'const own = header!["jwk"] === undefined ? key : ',
    to: "const own = key !== undefined ? key : ",
    shownBy: "a key of another is refused and reported, and one that comes along too",
  },
  "a forged proof is not reported": {
    file: binding,
    from: 'auth.withRequest(request).emit("device_refused", { reason: "forged" satisfies DeviceReason })',
    to: "",
    shownBy: "a key of another is refused and reported, and one that comes along too",
  },
  "the algorithm is that of the key, whatever the proof says": {
    file: proof,
    from: 'kinds.find(({ name }) => name === header!["alg"])',
    to: 'kinds.find(({ jwk, parts }) => (key ? parts.test(key) : jwk.kty === (header!["jwk"] as JsonWebKey).kty))',
    shownBy: "a proof without a signature, or with that of another algorithm, is refused",
  },
  "alg: none needs no signature": {
    file: proof,
    from: "const kind = kinds.find(",
    to: 'if (header!["alg"] === "none") return { key: key!, challenge: payload!["jti"] }\n    const kind = kinds.find(',
    shownBy: "a proof without a signature, or with that of another algorithm, is refused",
  },
  "no signature is checked": {
    file: proof,
    from: "const isSigned = await crypto.subtle.verify(kind.algorithm, imported, fromBase64url(parts[2]!), text)",
    to: "const isSigned = imported && text",
    shownBy: "no one binds with an invalid signature, type or algorithm",
  },
  "a proof is of any type": {
    file: proof,
    from: ' || header!["typ"] !== "dbsc+jwt"',
    to: "",
    shownBy: "a proof of another type is refused",
  },
  "a seal is good for everything": {
    file: "src/device/seals.ts",
    from: "return sealedAs === kind ? { subject, at } : null",
    to: "return sealedAs ? { subject, at } : null",
    shownBy: "what is sealed as one kind is not accepted as another",
  },
  "a session is bound for ever": {
    file: binding,
    from: "sealed ? now() - sealed.at < absoluteTimeout && sealed.subject",
    to: "sealed ? sealed.subject",
    shownBy: "an identifier of another secret is kept without cookies, and one of a session that is over given up",
  },
  "a cookie is good as long as browsers send it": {
    file: binding,
    from: "return arrived - at < life ?",
    to: "return at ?",
    shownBy: "a cookie is good until cookieLife is over, to the millisecond",
  },
  "a cookie is good at its deadline": {
    file: binding,
    from: "return arrived - at < life",
    to: "return arrived - at <= life",
    shownBy: "a cookie is good until cookieLife is over, to the millisecond",
  },
  "an RSA key of 1,024 bits binds": {
    file: proof,
    from: "{342,683}",
    to: "{171,683}",
    shownBy: "a key that is missing, weak or of another kind binds nothing",
  },
  "an RSA key with the exponent 3 binds": {
    file: proof,
    from: "(?<e>AQAB)",
    to: "(?<e>AQAB|Aw)",
    shownBy: "a key that is missing, weak or of another kind binds nothing",
  },
  "a key is read whatever it is made of": {
    file: proof,
    from: ' && parts.every((part) => typeof part === "string")',
    to: "",
    shownBy: "a key that is missing, weak or of another kind binds nothing",
  },
  "a point that is not on the curve ends in an error": {
    file: proof,
    from: "    return null\n  }\n}",
    to: "    throw new Error()\n  }\n}",
    shownBy: "a key that is missing, weak or of another kind binds nothing",
  },
  "any challenge registers": {
    file: binding,
    from: "proof?.challenge === challengeFor(token) ? await",
    to: "proof ? await",
    shownBy: "a challenge for another session binds nothing",
  },
  "a session is bound at any time": {
    file: binding,
    from: "boundKeyOf(session) === null && isRecent(session) ? session",
    to: "boundKeyOf(session) === null ? session",
    shownBy: "ten minutes after the sign-in nobody binds the session, and nobody is asked to",
  },
  "a session is offered at any time": {
    file: binding,
    from: "io.canWrite() && isRecent(session) && mayOffer",
    to: "io.canWrite() && mayOffer",
    shownBy: "ten minutes after the sign-in nobody binds the session, and nobody is asked to",
  },
  "elevation does not count as a sign-in": {
    file: binding,
    from: "Math.max(Number(createdAt), Number(authenticatedAt ?? 0))",
    to: "Number(createdAt)",
    shownBy: "after a new proof of who one is the session can be bound again",
  },
  "a page's script registers a key": {
    file: binding,
    from: "/^(null|no-cors)$/",
    to: "/^(null|no-cors|same-origin)$/",
    shownBy: "what a page's script can send binds nothing",
  },
  "a list of modes is read by its beginning": {
    file: binding,
    from: "/^(null|no-cors)$/",
    to: "/^(null|no-cors)/",
    shownBy: "what a page's script can send binds nothing",
  },
  "other methods register": {
    file: binding,
    from: 'if (method !== "POST")',
    to: 'if (method === "GET")',
    shownBy: "other methods are answered 405",
  },
  "the instructions may be kept": {
    file: "src/device/answers.ts",
    from: '["Cache-Control", "no-store"]',
    to: '["Cache-Control", "private"]',
    shownBy: "every answer of the endpoint is kept by nobody and read by no other origin",
  },
  "long keys do not bind": {
    file: proof,
    from: "{342,683}",
    to: "{342,600}",
    shownBy: "ES256 and RS256 keys bind a session",
  },
  "any cookie is a session": {
    file: binding,
    from: "if (!proof || !session) return null",
    to: "if (!proof) return null",
    shownBy: "a registration without a session, or with that of nobody, binds nothing",
  },
  "a registration unbinds the session first": {
    file: binding,
    from: "return session && boundKeyOf(session) === null",
    to: "if (session) await inside.updateSession(session.id, { device_key: null })\n    return session",
    shownBy: "a stolen cookie is registered in vain once its owner has",
  },
  "nobody is refused": {
    file: binding,
    from: 'const isAdmitted = mode === "observe" ||',
    to: "const isAdmitted = mode !== undefined ||",
    shownBy: "whoever registers a stolen cookie first keeps the session, and its owner is out",
  },
  "the whole proof is kept": {
    file: binding,
    from: "`${Math.floor(now())}.${proof.key}`",
    to: "`${Math.floor(now())}.${proof.key}.${jwt}`",
    shownBy: "of a key only its public parts are kept",
  },
  "the token is the challenge of every proof": {
    file: binding,
    from: "const age = now() -",
    to: "if (proof?.challenge === challengeFor(token)) return instruct(key, identifier, next)\n    const age = now() -",
    shownBy: "the challenge of a registration is none of a refresh",
  },
  "the first of two proofs counts": {
    file: binding,
    from: 'headers.get(name)?.replace(/^"(.*)"$/, "$1")',
    to: 'headers.get(name)?.split(", ")[0]!.replace(/^"(.*)"$/, "$1")',
    shownBy: "two proofs in one request are none",
  },
}
