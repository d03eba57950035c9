// Run as a separate process, because its changes to Object.prototype cannot be undone.
const [change] = process.argv.slice(2)
const { createAuth } = await import("../../src/index.ts")
const { createWebAuth } = await import("../../src/web.ts")
const { memoryAdapter } = await import("../../adapters/memory.ts")

if (change === "freeze") Object.freeze(Object.prototype)
else Object.assign(Object.prototype, JSON.parse(change ?? "{}"))

const adapter = memoryAdapter<{ id: string; username: string }, { label?: string }>()
await adapter.insertUser({ id: "user-1", attributes: { username: "ada" } }, null)
const auth = createAuth({
  adapter,
  getUserAttributes: ({ username }) => ({ username }),
  getSessionAttributes: ({ label }) => ({ label }),
})
const { createSession, validateSession, rotateSession, getUserSessions, invalidateUserSessions } = auth
const { token } = await createSession("user-1", { label: "phone" })
const rotated = await rotateSession(token)
const { handler } = createWebAuth(auth)
const serve = handler(async (_, { validate, signOut }) => {
  const signedIn = await validate()
  await signOut()
  return new Response(signedIn ? signedIn.user.username : "nobody")
})
const request = (value: string) =>
  new Request("https://app.example/", { headers: { Cookie: `${auth.sessionCookieName}=${value}` } })
const responses = [await serve(request(token)), await serve(request(rotated?.token ?? ""))]
const stranger = await validateSession("a".repeat(32))
await invalidateUserSessions("user-1")

const outcome = {
  cookie: auth.createSessionCookie("x").serialize(),
  stranger: stranger.session,
  listed: (await getUserSessions("user-1")).length,
  bodies: await Promise.all(responses.map((response) => response.text())),
  setCookie: responses[1]?.headers.getSetCookie(),
}
process.stdout.write(JSON.stringify(Object.entries(outcome)))
