import { fromBase64url, isBase64url } from "../platform/encoding.ts"
import { maxField, maxId, maxTransports, maxUserHandle } from "./limits.ts"
import { ensure, wellFormed } from "./well-formed.ts"

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
  challenge: string
  origins: readonly string[]
}

type Properties = Record<string, unknown>

const isTransport = /^[a-z0-9-]{1,32}$/

/** Returns whether a value can be the id of a passkey. */
export function isPasskeyId(value: unknown): value is string {
  return value !== "" && isBase64url(value, maxId)
}

/** Reads a registration. `null` if it is malformed, or answers another question. */
export function readRegistration(value: unknown, question: Question): RegistrationResponse | null {
  return readResponse("webauthn.create", value, question, ["attestationObject"], ({ transports }) => ({
    transports: transportsOf(transports),
  }))
}

/** Reads a sign-in. `null` if it is malformed, or answers another question. */
export function readSignIn(value: unknown, question: Question): SignInResponse | null {
  return readResponse("webauthn.get", value, question, ["authenticatorData", "signature"], ({ userHandle }) =>
    // The types of browsers say `null` for one that is not there, and their JSON leaves it out.
    userHandle == null ? {} : { userHandle: textOf(userHandle, maxUserHandle) },
  )
}

function readResponse<Name extends string, Others>(
  type: string,
  value: unknown,
  question: Question,
  names: Name[],
  othersIn: (response: Properties) => Others,
) {
  return wellFormed(() => {
    const { id, rawId, type: kind, response } = Object(value) as Properties
    ensure(isPasskeyId(id) && rawId === id && kind === "public-key")
    const given = Object(response) as Properties
    const fields = Object.fromEntries(
      ["clientDataJSON" as const, ...names].map((name) => [name, textOf(given[name], maxField)]),
    ) as Record<Name | "clientDataJSON", string>
    ensure(answers(fields.clientDataJSON, type, question))
    return {
      id,
      rawId: id,
      type: kind,
      response: { ...fields, ...othersIn(given) },
      clientExtensionResults: {},
    } as const
  })
}

/** Returns whether the browser says of the page that asked what it must. A page in a foreign frame is none of ours. */
function answers(clientData: string, asked: string, { challenge, origins }: Question): boolean {
  const said = Object(JSON.parse(new TextDecoder().decode(fromBase64url(clientData)))) as Properties
  const { origin, crossOrigin = false, topOrigin } = said
  const isOurs = origins.includes(origin as string) && crossOrigin === false && topOrigin === undefined
  return said.type === asked && said.challenge === challenge && isOurs
}

/** Returns text that is base64url, and throws otherwise. */
function textOf(value: unknown, maxLength: number): string {
  ensure(isBase64url(value, maxLength))
  return value
}

function transportsOf(given: unknown): string[] {
  const words = (Array.isArray(given) ? given : []).filter((word) => typeof word === "string" && isTransport.test(word))
  return [...new Set<string>(words)].slice(0, maxTransports)
}
