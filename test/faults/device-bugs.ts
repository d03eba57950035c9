import type { Bug } from "./built-world.ts"

const binding = "src/device/create-device-binding.ts"
const offer = "src/request/device-offer.ts"

/** A bug in device binding, and the attack that shows it. */
export interface DeviceBug extends Bug {
  shownBy: string
}

/** Bugs that let somebody in with a copied cookie, keep its owner out, or offer a key when it cannot be bound. */
export const deviceBugs: Record<string, DeviceBug> = {
  "the proof of one key is good for all": {
    file: binding,
    from: "opened?.subject === hashText(key) ? opened.at : NaN",
    to: "opened?.at ?? NaN",
    shownBy: "the proof of one session is none for another",
  },
  "the last registration wins": {
    file: binding,
    from: ', { ifNull: "device_key" }',
    to: "",
    shownBy: "two registrations at once bind the session to one key",
  },
  "a bound session is bound again": {
    file: binding,
    from: "session && boundKeyOf(session) === null && isRecent(session) ? session : null",
    to: "session && isRecent(session) ? session : null",
    shownBy: "a registration that comes too late costs one read",
  },
  "a claim of the client excuses": {
    file: binding,
    from: 'const isAdmitted = mode === "observe" ||',
    to: 'const isAdmitted = mode === "observe" || claimOf(headers) ||',
    shownBy: "no claim of the client excuses a missing proof, and the event names the claim",
  },
  "a bearer token needs no proof": {
    file: binding,
    from: "const isBearer = token === bearer",
    to: "const isBearer = token === bearer\n      if (isBearer) return true",
    shownBy: "a bound session is refused as a bearer token, with its cookies too, and admitted by observe",
  },
  "a bearer token with its cookies is good": {
    file: binding,
    from: "if (isProven && !isBearer) return true",
    to: "if (isProven) return true",
    shownBy: "a bound session is refused as a bearer token, with its cookies too, and admitted by observe",
  },
  "clients without cookies are asked to bind": {
    file: binding,
    from: "if (secure && !isBearer && io.canWrite()",
    to: "if (secure && io.canWrite()",
    shownBy: "a session that is bound to nothing stays good as a bearer token",
  },
  "a stolen cookie is rotated": {
    file: "src/request/request-session.ts",
    from: "(!guarded || (await cookie.validate()) !== null)",
    to: "true",
    shownBy: "nobody rotates, elevates or ends a session by a stolen cookie",
  },
  "the grace never ends": {
    file: binding,
    from: "arrived - parseInt(key) < grace && ",
    to: "",
    shownBy: "for ten seconds what was sent before the first proof came is let in, if a browser sent it",
  },
  "the grace is for everybody": {
    file: binding,
    from: ' && headers.get("Sec-Fetch-Mode") !== null',
    to: "",
    shownBy: "for ten seconds what was sent before the first proof came is let in, if a browser sent it",
  },
  "an offer outlives its token": {
    file: binding,
    from: "io.headers?.delete(offerHeader)",
    to: "",
    shownBy: "what is offered for a token that the response replaces is withdrawn",
  },
  "a redirect for a proof leads to another host": {
    file: "src/device/answers.ts",
    from: 'pathname.replace(/^\\/\\//, "/.//") + search',
    to: "pathname + search",
    shownBy: "asking for a proof leads to no other site",
  },
  "an old proof is new enough": {
    file: binding,
    from: "if (now() - Number(at) < within) return",
    to: "if (at) return",
    shownBy: "asking for a proof is answered by the browser, within the time that was asked for",
  },
  "pages of other sites are offered a key": {
    file: offer,
    from: ' && headers.get("Sec-Fetch-Site") !== "cross-site"',
    to: "",
    shownBy: "only a visit of the site's own is offered a key",
  },
  "scripts are offered a key": {
    file: offer,
    from: "/^(null|navigate)$/.test(`${mode}`) && ",
    to: "",
    shownBy: "only a visit of the site's own is offered a key",
  },
  "what may never be visited is offered a key": {
    file: offer,
    from: ' && headers.get("Sec-Purpose") === null',
    to: "",
    shownBy: "only a visit of the site's own is offered a key",
  },
  "the owner is out while the browser keeps an old cookie": {
    file: binding,
    from: "if (isSent && !isProven && io.canWrite()) io.write(cookie(name, null))",
    to: "",
    shownBy: "a cookie that is void is taken away, so that the browser makes a new one",
  },
  "a sign-out is not told to the browser": {
    file: binding,
    from: "known !== null && (known !== name || token === null)",
    to: "known !== null && known !== name",
    shownBy: "a browser gives a key up when its session was signed out, or another was bound",
  },
  "a key stays in use when another session is bound": {
    file: binding,
    from: "(known !== name || token === null)",
    to: "token === null",
    shownBy: "a browser gives a key up when its session was signed out, or another was bound",
  },
  "garbage asks the store": {
    file: binding,
    from: "const isRead = !sealed && /^[\\w-]+$/.test(identifier)",
    to: "const isRead = !sealed",
    shownBy: "garbage at the endpoint costs no call of the store",
  },
  "what another site starts needs cookies": {
    file: binding,
    from: 'allowed_refresh_initiators: ["*"],',
    to: "allowed_refresh_initiators: [],",
    shownBy: "browsers refresh for links of other sites",
  },
  "a new token has a grace of its own": {
    file: binding,
    from: "parseInt(key)",
    to: "(Number(session.authenticatedAt ?? 0) || parseInt(key))",
    shownBy: "a new proof of who one is starts no second grace",
  },
  "seals are not authenticated": {
    file: "src/envelope/node-engine.ts",
    from: "        decipher.final()\n",
    to: "",
    shownBy: "a proof that was changed by one character is none",
  },
  "the session is read twice": {
    file: binding,
    from: "const found = await auth.validateSession(token)",
    to: "await auth.validateSession(token)\n        const found = await auth.validateSession(token)",
    shownBy: "a session costs one read to bind and one write, and a request no more than without it",
  },
  "a bound session is offered a key": {
    file: binding,
    from: "if (key === null) {",
    to: "io.headers?.set(...offerTo(path, token))\n      if (key === null) {",
    shownBy: "a session that is bound is offered nothing",
  },
  "only the first secret opens": {
    file: "src/device/seals.ts",
    from: 'createEnvelope(secrets, "device")',
    to: 'createEnvelope(secrets.slice(0, 1), "device")',
    shownBy: "an old secret opens what it has sealed, and the first seals",
  },
  "keys are offered over http": {
    file: binding,
    from: "if (secure && !isBearer",
    to: "if (!isBearer",
    shownBy: "nothing is offered over http",
  },
  "nobody rotates where sessions are bound": {
    file: "src/request/request-session.ts",
    from: "(!guarded || (await cookie.validate()) !== null)",
    to: "!guarded",
    shownBy: "the owner does what a thief cannot",
  },
  "the first of two cookies counts": {
    file: "src/core/cookie.ts",
    from: "if (pairs.some((other) => other !== found)) {",
    to: "if (pairs.length > 2) {",
    shownBy: "two different proofs of one name are none",
  },
}
