import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

/** An example, running in a separate process. */
export interface ExampleServer {
  origin: string
  /** What it has printed so far. */
  output(): string
  /** Asks it to stop. Resolves to its exit code. */
  stop(): Promise<number | null>
}

/** Starts an example on a free port, over an empty database in memory unless told otherwise. */
export async function startExample(
  env: Record<string, string | undefined> = {},
  example: "web" | "lucia-v2-web" = "web",
): Promise<ExampleServer> {
  const child = spawn(process.execPath, ["server.ts"], {
    cwd: fileURLToPath(new URL(`../../../examples/${example}`, import.meta.url)),
    env: { ...process.env, NODE_ENV: undefined, PORT: "0", DATABASE: ":memory:", ...env },
  })
  let output = ""
  const exited = once(child, "exit")
  const origin = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk
      const address = /^Open (http:\/\/localhost:\d+)$/m.exec(output)?.[1]
      if (address) resolve(address)
    }
    child.stdout.on("data", read)
    child.stderr.on("data", read)
    child.once("exit", (code) => reject(new Error(`The example ended with ${code} before it listened:\n${output}`)))
  })
  return {
    origin,
    output: () => output,
    async stop() {
      child.kill("SIGTERM")
      const [code] = await exited
      return code
    },
  }
}
