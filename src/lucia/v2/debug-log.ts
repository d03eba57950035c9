/** Writes what happens, for those who develop. Never a password, a session's id, or a key's. */
export type DebugLog = (part: "request" | "session" | "key", text: string) => void

/** Makes the log: one that is silent unless asked for. */
export function createDebugLog(isEnabled: boolean): DebugLog {
  if (!isEnabled) return () => {}
  // oxlint-disable-next-line eslint/no-console -- it is what the option asks for.
  return (part, text) => console.log(`[lucia] [${part}] ${text}`)
}
