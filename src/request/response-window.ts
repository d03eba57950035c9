import { AuthError } from "../core/errors.ts"
import type { RequestIo } from "./request-io.ts"
import { trackWrites } from "./writes.ts"

/** The time in which a response can still take what the session writes: until it is sent, or its wrapper closes it. */
export function createResponseWindow({ canWrite, onUse }: Pick<RequestIo, "canWrite" | "onUse">) {
  const { track, abandon } = trackWrites()
  let isFinished = false
  let isUsed = false

  function isWritable(): boolean {
    return !isFinished && canWrite()
  }

  function requireWritable(): void {
    if (!isWritable()) throw new AuthError("headers_sent", lateWrite)
  }

  /** Marks the response as one that depends on the session. */
  function use(): void {
    if (!isUsed && !isWritable()) throw new AuthError("headers_sent", lateRead)
    isUsed = true
    onUse()
  }

  function finish(): AuthError | null {
    isFinished = true
    return abandon() ? new AuthError("headers_sent", pendingWrite) : null
  }

  return { isWritable, requireWritable, use, finish, track }
}

const lateRead =
  "The session was asked for after the response was sent, so caches were not told to keep it private. Call validate() before you send anything."
const lateWrite = "The response was sent without this change. Sign in and out before you send anything."
const pendingWrite =
  "The response was sent while signIn(), setSession(), rotate() or signOut() was still under way. Did you forget await?"
