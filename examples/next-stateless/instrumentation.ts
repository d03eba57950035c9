const day = 86_400_000

/** Deletes what has expired, when the server starts and every day. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return
  const { signInThrottle } = await import("@/lib/auth")
  const { revocations } = await import("@/lib/db")
  const cleanUp = () => {
    revocations.deleteExpiredRevocations().catch(console.error)
    signInThrottle.cleanUp().catch(console.error)
  }
  cleanUp()
  setInterval(cleanUp, day).unref()
}
