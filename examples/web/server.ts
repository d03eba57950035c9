import { createAdaptorServer } from "@hono/node-server"
import { app } from "./app.ts"
import { auth, db, signInThrottle } from "./auth.ts"

const day = 86_400_000
const lastPort = 3020

const server = createAdaptorServer({ fetch: app.fetch })
let port = Number(process.env.PORT || 3000)

server.on("listening", () => {
  const address = server.address()
  console.log(`Open http://localhost:${typeof address === "object" && address ? address.port : port}`)
})
server.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EADDRINUSE" || process.env.PORT || port >= lastPort) throw error
  server.listen(++port)
})
server.listen(port)

cleanUp()
setInterval(cleanUp, day).unref()

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop)

function cleanUp(): void {
  auth.deleteExpiredSessions().catch(console.error)
  // The rows of both throttles.
  signInThrottle.cleanUp().catch(console.error)
}

function stop(): void {
  server.close(() => db.close())
  // Browsers keep spare connections open, which close() would wait for.
  setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), 1000).unref()
}
