import { AuthError } from "../core/errors.ts"
import { invalidOption } from "../core/options.ts"

/** The result of a schema. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly { readonly message: string }[] }

/** A schema of any library that implements Standard Schema, version 1: Zod, Valibot, ArkType and others. */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** Returns the schema's output, or the attributes unchanged if there is no schema. `issues`: they do not match. */
export type CheckAttributes<Attributes> = (
  attributes: object,
) => StandardResult<Attributes> | Promise<StandardResult<Attributes>>

/**
 * Creates the check of a schema. Throws `invalid_option` if it is not a schema. The check throws it if the schema
 * throws.
 */
export function createCheck<Attributes extends object>(
  schema: StandardSchema<Attributes> | undefined,
): CheckAttributes<Attributes> {
  // Without a schema, the application is responsible for the type.
  if (schema === undefined) return (attributes) => ({ value: attributes as Attributes })
  const standard = schema?.["~standard"]
  if (standard?.version !== 1 || typeof standard.validate !== "function")
    throw invalidOption("attributes", schema, "is not a schema; use one of Standard Schema, version 1")
  return async (attributes) => {
    const result = await askSchema(() => standard.validate(attributes))
    if (result.issues || isObject(result.value)) return result
    return { issues: [{ message: "The schema did not return an object" }] }
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
