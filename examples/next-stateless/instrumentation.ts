const day = 86_400_000

/** Deletes revocations of sessions that have expired, when the server starts and every day. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return
  const { revocations } = await import("@/lib/db")
  const deleteExpired = () => void revocations.deleteExpiredRevocations().catch(console.error)
  deleteExpired()
  setInterval(deleteExpired, day).unref()
}
