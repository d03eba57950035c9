const day = 86_400_000

/** Deletes expired sessions when the server starts, and every day. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return
  const { auth } = await import("@/lib/auth")
  const deleteExpired = () => void auth.deleteExpiredSessions().catch(console.error)
  deleteExpired()
  setInterval(deleteExpired, day).unref()
}
