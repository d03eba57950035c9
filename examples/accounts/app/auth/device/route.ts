import { deviceBinding } from "@/lib/auth"

/** Browsers send the key of a new session here, and later the proof that they still have it. */
export const POST = deviceBinding.handler
/** The picture on the account page. Its response offers to bind the session. */
export const GET = deviceBinding.handler
