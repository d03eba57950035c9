import { deviceBinding } from "@/lib/auth"

/** Where browsers send the key of a new session, and later the proof that they still have it. */
export const POST = deviceBinding.handler
/** The picture of the account page, whose answer offers to bind the session. */
export const GET = deviceBinding.handler
