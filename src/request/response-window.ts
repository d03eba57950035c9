import { AuthError } from "../core/errors.ts"
import type { RequestIo } from "./request-io.ts"

const followers = new WeakMap<Promise<unknown>, Promise<unknown>>()

/** Declares that `promise` waits for a session's write. If the write is abandoned, the failure of both goes unheard. */
export function follow(write: Promise<unknown>, promise: Promise<unknown>): void {
  followers.set(write, promise)
}

/** The time in which a response can still take what the session writes: until it is sent, or its wrapper closes it. */
export function createResponseWindow({ canWrite, onUse }: Pick<RequestIo, "canWrite" | "onUse">) {
  const pending = new Set<Promise<unknown>>()
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

  /** Makes a write known while it is under way. */
  function track<Args extends unknown[], Result>(write: (...args: Args) => Promise<Result>) {
    return (...args: Args): Promise<Result> => {
      async function run() {
        try {
          return await write(...args)
        } finally {
          pending.delete(running)
        }
      }
      const running = run()
      pending.add(running)
      return running
    }
  }

  function finish(): AuthError | null {
    isFinished = true
    const wasPending = pending.size > 0
    // Nobody waits for them, so one that fails must not end the process.
    for (const running of pending) {
      running.catch(() => {})
      followers.get(running)?.catch(() => {})
    }
    pending.clear()
    return wasPending ? new AuthError("headers_sent", pendingWrite) : null
  }

  return { isWritable, requireWritable, use, finish, track }
}

const lateRead =
  "The session or a flow cookie was read after the response was sent, so caches were not told to keep it private. Read it before you send anything."
const lateWrite =
  "The response was sent without this change. Sign in and out, and set flow cookies, before you send anything."
const pendingWrite =
  "The response was sent while signIn(), setSession(), rotate(), elevate() or signOut() was still under way. Did you forget await?"
