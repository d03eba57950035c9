import { AuthError } from "../core/errors.ts"

/** The package that speaks the protocols. */
export type OAuth4WebApi = typeof import("oauth4webapi")

/** Loads the package at its first use. */
export async function loadOAuth(): Promise<OAuth4WebApi> {
  try {
    return await import("oauth4webapi")
  } catch (cause) {
    throw new AuthError("missing_port", notLoaded, { cause })
  }
}

const notLoaded = "createOAuth(): the package oauth4webapi could not be loaded; run npm install oauth4webapi"
