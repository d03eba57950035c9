import { AuthError } from "../core/errors.ts"
import { invalidOption } from "../core/options.ts"

/** What a schema found. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly { readonly message: string }[] }

/** A schema of any library that follows Standard Schema, version 1: Zod, Valibot, ArkType and others. */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What the schema makes of attributes; unchanged without a schema. `issues` if they do not fit. */
export type CheckAttributes<Attributes> = (
  attributes: object,
) => StandardResult<Attributes> | Promise<StandardResult<Attributes>>

/** Makes the check of a schema. Throws `invalid_option` if it is not a schema, and later if it throws. */
export function createCheck<Attributes extends object>(
  schema: StandardSchema<Attributes> | undefined,
): CheckAttributes<Attributes> {
  // Without a schema the type is the application's word.
  if (schema === undefined) return (attributes) => ({ value: attributes as Attributes })
  const standard = schema?.["~standard"]
  if (standard?.version !== 1 || typeof standard.validate !== "function")
    throw invalidOption("attributes", schema, "is not a schema; use one of Standard Schema, version 1")
  return async (attributes) => {
    const result = await askSchema(() => standard.validate(attributes))
    if (result.issues || isObject(result.value)) return result
    return { issues: [{ message: "the schema made no object of them" }] }
  }
}

async function askSchema<Result>(ask: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await ask()
  } catch (cause) {
    throw new AuthError("invalid_option", "attributes: the schema threw an error; see the cause", { cause })
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null
}
