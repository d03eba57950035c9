// Starts the example with the given command, waits for the address it prints, fetches its first page, and stops it.
import { spawn } from "node:child_process"
import { once } from "node:events"

const patience = 180_000

// A separate process group, so that the shell, npm and the server can be stopped together.
const child = spawn("sh", ["-c", process.argv[2]], {
  detached: true,
  env: { ...process.env, PORT: "0" },
  stdio: ["ignore", "pipe", "inherit"],
})
const exited = once(child, "exit")
const timer = setTimeout(() => stop("SIGKILL"), patience)

try {
  const address = await printedAddress()
  const response = await fetch(address)
  const page = await response.text()
  if (!response.ok || !/<html/i.test(page))
    throw new Error(`${address} answers ${response.status}: ${page.slice(0, 500)}`)
  console.log(`${address} answers ${response.status} with ${page.length} characters of HTML`)
} finally {
  stop("SIGTERM")
  await exited
  clearTimeout(timer)
}

function printedAddress() {
  return new Promise((resolve, reject) => {
    let output = ""
    child.stdout.on("data", (chunk) => {
      process.stdout.write(chunk)
      output += chunk
      const address = /\bhttp:\/\/(localhost|127\.0\.0\.1):\d+/.exec(output)?.[0]
      if (address) resolve(address)
    })
    child.once("exit", () => reject(new Error("The example ended before it printed its address.")))
  })
}

function stop(signal) {
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if (error.code !== "ESRCH") throw error
  }
}
