const day = 86_400_000

/** Deletes what has expired, when the server starts and once a day. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return
  const { auth, signInThrottle } = await import("./lib/auth")
  const sweep = () => Promise.all([auth.deleteExpiredSessions(), signInThrottle.cleanUp()]).catch(console.error)
  setInterval(sweep, day).unref()
  await sweep()
}
