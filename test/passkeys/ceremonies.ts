import fc from "fast-check"

import type { Knobs } from "./authenticator.ts"
import { joined } from "./cbor-items.ts"
import type { Item } from "./cbor-items.ts"

/** What a browser sends, as JSON. */
export type Answer = Record<string, unknown> & { response?: unknown }

/** One thing that is changed in a ceremony. */
export interface Change {
  says: string
  /** What the authenticator does otherwise: it signs what was changed. */
  knobs?: Knobs
  /** What is changed on the way. */
  send?: (answer: Answer) => void
}

type Edit = { says: string; edit: (bytes: Uint8Array) => Uint8Array }

const flip = fc.tuple(fc.nat(4000), fc.nat(7)).map(([at, bit]): Edit => ({
  says: `bit ${bit} of byte ${at} flipped`,
  edit: (bytes) => Uint8Array.from(bytes, (byte, index) => (index === at % bytes.length ? byte ^ (1 << bit) : byte)),
}))
const cut = fc.tuple(fc.nat(80), fc.boolean()).map(([length, atStart]): Edit => ({
  says: `${length} bytes cut off ${atStart ? "the start" : "the end"}`,
  edit: (bytes) => (atStart ? bytes.slice(length) : bytes.slice(0, Math.max(0, bytes.length - length))),
}))
const insert = fc.tuple(fc.nat(4000), fc.uint8Array({ minLength: 1, maxLength: 4 })).map(([at, more]): Edit => ({
  says: `${more.join(" ")} inserted at ${at}`,
  edit: (bytes) => joined(bytes.slice(0, at % (bytes.length + 1)), more, bytes.slice(at % (bytes.length + 1))),
}))
const append = fc.uint8Array({ minLength: 1, maxLength: 8 }).map((more): Edit => ({
  says: `${more.join(" ")} appended`,
  edit: (bytes) => joined(bytes, more),
}))
const edit = fc.oneof({ weight: 4, arbitrary: flip }, cut, insert, append)

const words = [
  undefined, null, true, false, 0, 1, "", "false", "webauthn.create", "webauthn.get", "https://example.com", [], {},
  "https://app.example.com", "https://evil.example", "https://example.com/", "https://EXAMPLE.com", ["https://example.com"],
] // prettier-ignore

const clientDataMember = fc
  .tuple(
    fc.constantFrom(
      "type",
      "challenge",
      "origin",
      "crossOrigin",
      "topOrigin",
      "tokenBinding",
      "extraData",
      "__proto__",
    ),
    fc.constantFrom(...words),
  )
  .map(([name, value]): Change => ({
    says: `client data with ${name} ${JSON.stringify(value)}`,
    knobs: { clientData: { [name]: value } },
  }))

/** Client data that are written otherwise, and mean the same to some. */
const clientDataText = fc
  .constantFrom<[says: string, rewrite: (text: string) => string]>(
    ["white space", (text) => ` \n${text}\t`],
    ["a byte order mark", (text) => `\uFEFF${text}`],
    ["NUL at the end", (text) => `${text}\0`],
    ["a second origin at the end", (text) => `${text.slice(0, -1)},"origin":"https://evil.example"}`],
    ["a second origin at the start", (text) => `{"origin":"https://evil.example",${text.slice(1)}`],
    ["a second type at the end", (text) => `${text.slice(0, -1)},"type":"webauthn.none"}`],
    ["escaped characters", (text) => text.replace("https", "\\u0068ttps")],
    ["names in upper case", (text) => text.toUpperCase()],
    ["a list around them", (text) => `[${text}]`],
    ["a text around them", (text) => JSON.stringify(text)],
    ["a comma too much", (text) => text.replace("}", ",}")],
    ["something behind them", (text) => `${text}{}`],
    ["single quotes", (text) => text.replaceAll('"', "'")],
  )
  .map(([says, rewrite]): Change => ({
    says: `client data with ${says}`,
    knobs: { rewriteClientData: (bytes) => Buffer.from(rewrite(Buffer.from(bytes).toString())) },
  }))

const flags = fc
  .tuple(fc.constantFrom(0, 0, 1, 2, 4, 8, 16, 24, 32, 64, 128, 255), fc.constantFrom(0, 0, 1, 4, 8, 16, 24, 64, 128))
  .map(([set, clear]): Change => ({ says: `flags ${set} set and ${clear} cleared`, knobs: { set, clear } }))

const counter = fc
  .oneof(fc.constantFrom(0, 1, 2, 7, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1), fc.nat(20))
  .map((signCount): Change => ({ says: `counter ${signCount}`, knobs: { signCount } }))

const rpId = fc
  .constantFrom("evil.example", "app.example.com", "EXAMPLE.COM", "example.com.", "")
  .map((id): Change => ({ says: `for ${id}`, knobs: { rpId: id } }))

const extensions = fc
  .constantFrom(
    "a0",
    "a16b6372656450726f7465637402",
    "a1636d696ef5",
    "a163626967fb3ff0000000000000",
    "80",
    "01",
    "f6",
    "a1016100",
    "a2616101616102",
    "a16161c100",
    "a161619fff",
    "bfff",
    "b80161610a",
    "a16161f4",
    "a1616181818181818181818181818181818101",
    "a0a0",
    "a1",
    "a163666c74f93c00",
    "a161615f4100ff",
    "a1616161ff",
    "a1617418ff",
    "a161741800",
  ) // prettier-ignore
  .map((hex): Change => ({ says: `extensions ${hex}`, knobs: { extensions: Buffer.from(hex, "hex") } }))

const trailing = fc
  .uint8Array({ minLength: 1, maxLength: 4 })
  .map((more): Change => ({ says: `trailing ${more.join(" ")}`, knobs: { trailing: more } }))

const authenticatorData = edit.map(({ says, edit }): Change => ({
  says: `authenticator data with ${says}`,
  knobs: { authenticatorData: edit },
}))

const clientDataBytes = edit.map(({ says, edit }): Change => ({
  says: `client data with ${says}`,
  knobs: { rewriteClientData: edit },
}))

const signature = fc
  .oneof(
    edit,
    fc.constantFrom<Edit>(
      { says: "a long length", edit: withLongLength },
      { says: "a zero in front of r", edit: (bytes) => withLongR(bytes) },
      { says: "no bytes", edit: () => new Uint8Array(0) },
      { says: "zeros only", edit: (bytes) => new Uint8Array(bytes.length) },
      { says: "zeros as r and s", edit: () => Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0) },
      {
        says: "indefinite length",
        edit: (bytes) => joined(Uint8Array.of(0x30, 0x80), bytes.slice(2), new Uint8Array(2)),
      },
    ),
  )
  .map(({ says, edit }): Change => ({ says: `signature with ${says}`, knobs: { signature: edit } }))

const credentialId = fc.constantFrom(0, 1, 15, 16, 31, 1023, 1024, 40_000).map((length): Change => {
  const id = Buffer.alloc(length, 5)
  const named = { id: id.toString("base64url"), rawId: id.toString("base64url") }
  return { says: `an id of ${length} bytes`, knobs: { credentialId: id, response: named } }
})

const coseValues: Item[] = [
  -7, -8, -257, -35, 1, 2, 3, 6, 0, "OKP", "Ed25519", "ES256", null, true, new Uint8Array(0), new Uint8Array(32), [], new Map(),
  Uint8Array.of(1, 0, 1), Uint8Array.of(3), Buffer.alloc(32, 0xff), Buffer.alloc(256, 0xff), Buffer.alloc(128, 0xff), new Uint8Array(33),
] // prettier-ignore

const cose = fc
  .tuple(fc.constantFrom(1, 2, 3, 4, -1, -2, -3, -4, 300), fc.option(fc.constantFrom(...coseValues)))
  .map(([label, value]): Change => ({
    says: `key with ${label} ${value === null ? "left out" : JSON.stringify(value)}`,
    knobs: {
      cose: (key) => {
        const changed = new Map(key).set(label, value)
        if (value === null) changed.delete(label)
        return changed
      },
    },
  }))

const attestation = fc
  .tuple(
    fc.constantFrom("fmt", "attStmt", "authData", "more"),
    fc.constantFrom<Item | undefined>(
      undefined, "none", "packed", "fido-u2f", "tpm", "apple", "android-key", "", 0, null, [], new Map(), "text",
      new Map<string, Item>([["alg", -7], ["sig", new Uint8Array(70)]]), new Uint8Array(37),
    ), // prettier-ignore
  )
  .map(([name, value]): Change => ({
    says: `attestation with ${name} ${JSON.stringify(value)}`,
    knobs: {
      attestation: (object) => {
        const changed = new Map(object).set(name, value ?? null)
        if (value === undefined) changed.delete(name)
        return changed
      },
    },
  }))

const attestationOrder = fc.constant<Change>({
  says: "attestation in another order",
  knobs: { attestation: (object) => new Map([...object].toReversed()) },
})

const attestationObject = edit.map(({ says, edit }): Change => ({
  says: `attestation object with ${says}`,
  knobs: { attestationObject: edit },
}))

const outer = ["id", "rawId", "type", "response", "clientExtensionResults", "authenticatorAttachment"]
const inner = [
  "clientDataJSON",
  "authenticatorData",
  "signature",
  "userHandle",
  "attestationObject",
  "transports",
  "publicKey",
]

const shape = fc
  .tuple(
    fc.constantFrom(...outer, ...inner),
    fc.constantFrom<unknown>(undefined, null, 0, true, "", "AA", "A", "public-key", [], {}, ["AA"], "wrapped", {
      length: 4,
    }),
  )
  .map(([name, value]): Change => ({
    says: `${name} is ${JSON.stringify(value)}`,
    send: (answer) => replace(answer, name, (old) => (value === "wrapped" ? [old] : value)),
  }))

/** Base64url that only some readers take. */
const spelling = fc
  .tuple(
    fc.constantFrom(
      "id",
      "both",
      "clientDataJSON",
      "authenticatorData",
      "signature",
      "userHandle",
      "attestationObject",
    ),
    fc.constantFrom<[says: string, respell: (text: string) => string]>(
      ["padding", (text) => text + "=".repeat((4 - (text.length % 4)) % 4)],
      ["padding too much", (text) => `${text}=`],
      ["plain base64", (text) => text.replaceAll("-", "+").replaceAll("_", "/")],
      ["bits that mean nothing", (text) => text.slice(0, -1) + nextLetter(text.at(-1) ?? "A")],
      ["a line break", (text) => `${text.slice(0, 20)}\n${text.slice(20)}`],
      ["a blank at the end", (text) => `${text} `],
      ["a dot in it", (text) => `${text.slice(0, 8)}.${text.slice(8)}`],
      ["a letter that is none", (text) => `${text.slice(0, 8)}é${text.slice(9)}`],
      ["a letter too much", (text) => `${text}A`],
      ["NUL at the end", (text) => `${text}\0`],
      ["upper case", (text) => text.toUpperCase()],
    ),
  )
  .map(([name, [says, respell]]): Change => ({
    says: `${name} with ${says}`,
    send: (answer) => {
      for (const each of name === "both" ? ["id", "rawId"] : [name])
        replace(answer, each, (old) => (typeof old === "string" ? respell(old) : old))
    },
  }))

/** Bytes that are changed on the way. */
const onTheWay = fc
  .tuple(
    fc.constantFrom("clientDataJSON", "authenticatorData", "signature", "attestationObject", "userHandle", "both"),
    edit,
  )
  .map(([name, { says, edit }]): Change => ({
    says: `${name} on the way with ${says}`,
    send: (answer) => {
      for (const each of name === "both" ? ["id", "rawId"] : [name])
        replace(answer, each, (old) =>
          typeof old === "string" ? Buffer.from(edit(Buffer.from(old, "base64url"))).toString("base64url") : old,
        )
    },
  }))

const shared = [
  clientDataMember,
  clientDataText,
  clientDataBytes,
  flags,
  counter,
  rpId,
  extensions,
  trailing,
  authenticatorData,
]
const onTheWire = [shape, spelling, onTheWay]

/** Changes of a registration. */
export const registrationChange = fc.oneof(
  ...shared,
  ...onTheWire,
  credentialId,
  cose,
  attestation,
  attestationOrder,
  attestationObject,
)

/** Changes of a sign-in. */
export const signInChange = fc.oneof(...shared, ...onTheWire, signature)

/** All that the authenticator does otherwise. */
export function knobsOf(changes: Change[]): Knobs {
  const all = changes.map(({ knobs = {} }) => knobs)
  // Not by assignment, which takes "__proto__" for the prototype.
  const clientData = Object.fromEntries(all.flatMap((knobs) => Object.entries(knobs.clientData ?? {})))
  return { ...(Object.assign({}, ...all) as Knobs), clientData }
}

/** What arrives: JSON, after all that was changed on the way. */
export function sent(answer: Answer, changes: Change[]): unknown {
  for (const { send } of changes) send?.(answer)
  return JSON.parse(JSON.stringify(answer)) as unknown
}

/** Replaces a member of an answer, outside or inside its `response`. */
export function replace(answer: Answer, name: string, by: (old: unknown) => unknown): void {
  const place = inner.includes(name) ? (Object(answer.response) as Answer) : answer
  place[name] = by(place[name])
}

function nextLetter(letter: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  return alphabet[(alphabet.indexOf(letter) + 1) % 64]!
}

/** An ECDSA signature whose length is in two bytes, where one is enough. */
export function withLongLength(bytes: Uint8Array): Uint8Array {
  return joined(Uint8Array.of(0x30, 0x81), bytes.slice(1))
}

/** An ECDSA signature with a zero too much in front of its first number. */
function withLongR(bytes: Uint8Array): Uint8Array {
  const [, length = 0, , rLength = 0] = bytes
  return joined(Uint8Array.of(0x30, length + 1, 2, rLength + 1, 0), bytes.slice(4))
}
