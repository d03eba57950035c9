const day = 86_400_000
/** How long events are kept. */
const year = 365 * day

/** Deletes expired rows at startup and every day. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return
  const { hasToyProvider } = await import("@/lib/providers")
  if (hasToyProvider) (await import("@/lib/toy-provider")).startToyProvider()
  const { audit, auth, totp, tokens } = await import("@/lib/auth")
  const { guesses, mails } = await import("@/lib/limits")
  const cleanUp = async () => {
    await auth.deleteExpiredSessions()
    await tokens.cleanUp()
    await totp.cleanUp()
    await guesses.cleanUp()
    await mails.cleanUp()
    await audit.deleteEvents(new Date(Date.now() - year))
  }
  const run = () => void cleanUp().catch(console.error)
  run()
  setInterval(run, day).unref()
}
