import { fromBase64url, isBase64url } from "../platform/encoding.ts"

/** What a browser's `credential.toJSON()` gives after a registration, as far as it is read, and after a look at its shape. */
export interface RegistrationResponse {
  id: string
  rawId: string
  type: "public-key"
  response: { clientDataJSON: string; attestationObject: string; transports: string[] }
  clientExtensionResults: {}
}

/** What a browser's `credential.toJSON()` gives after a sign-in, as far as it is read, and after a look at its shape. */
export interface SignInResponse {
  id: string
  rawId: string
  type: "public-key"
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string }
  clientExtensionResults: {}
}

/** What a response answers. */
export interface Question {
  type: "webauthn.create" | "webauthn.get"
  challenge: string
  origins: readonly string[]
}

type Properties = Record<string, unknown>

// Of 1,023 bytes.
const maxId = 1364
const maxField = 65_536
// Of 64 bytes.
const maxUserHandle = 86
const maxTransports = 16
const isTransport = /^[a-z0-9-]{1,32}$/

/** Returns whether a value can be the id of a passkey. */
export function isPasskeyId(value: unknown): value is string {
  return value !== "" && isBase64url(value, maxId)
}

/** Reads a registration. `null` for what is not shaped like one, and for one that answers another question. */
export function readRegistration(value: unknown, question: Question): RegistrationResponse | null {
  const read = readResponse(value, question, "attestationObject")
  return read && { ...read.credential, response: { ...read.fields, transports: transportsOf(read.given.transports) } }
}

/** Reads a sign-in. `null` for what is not shaped like one, and for one that answers another question. */
export function readSignIn(value: unknown, question: Question): SignInResponse | null {
  const read = readResponse(value, question, "authenticatorData", "signature")
  if (!read) return null
  // The types of browsers say `null` for one that is not there, and their JSON leaves it out.
  const userHandle = read.given.userHandle ?? undefined
  if (userHandle !== undefined && !isBase64url(userHandle, maxUserHandle)) return null
  return { ...read.credential, response: { ...read.fields, ...(userHandle !== undefined && { userHandle }) } }
}

function readResponse<Name extends string>(value: unknown, question: Question, ...names: Name[]) {
  const { id, rawId, type, response } = Object(value) as Properties
  if (!isPasskeyId(id) || rawId !== id || type !== "public-key") return null
  const given = Object(response) as Properties
  const entries = ["clientDataJSON", ...names].map((name) => [name, given[name]] as const)
  if (!entries.every(([, field]) => isBase64url(field, maxField))) return null
  const fields = Object.fromEntries(entries) as Record<Name | "clientDataJSON", string>
  if (!answers(fields.clientDataJSON, question)) return null
  return { credential: { id, rawId, type, clientExtensionResults: {} } as const, fields, given }
}

function answers(clientData: string, { type, challenge, origins }: Question): boolean {
  // What the browser says of the page that asked. A page in a foreign frame is none of ours.
  const said = parse(new TextDecoder().decode(fromBase64url(clientData)))
  const { origin, crossOrigin = false, topOrigin } = said
  const isOurs = origins.some((own) => own === origin) && crossOrigin === false && topOrigin === undefined
  return said.type === type && said.challenge === challenge && isOurs
}

function parse(json: string): Properties {
  try {
    return Object(JSON.parse(json)) as Properties
  } catch {
    return {}
  }
}

function transportsOf(given: unknown): string[] {
  const words = (Array.isArray(given) ? given : []).filter((word) => typeof word === "string" && isTransport.test(word))
  return [...new Set<string>(words)].slice(0, maxTransports)
}
