import { connect } from "node:net"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { Miniflare } from "miniflare"
import { afterAll, expect, test } from "vitest"

// workerd drops the I/O of a request whose visitor has left, without a word: a promise that such a request has started
// never settles for the others. See cut-off-worker.ts for what each subject does.
const subjects = [
  ["extension", "an extension"],
  ["stateless", "the keys of stateless sessions"],
  ["snapshots", "the keys of snapshots"],
  ["unstorage", "a turn at a session in unstorage"],
]

const miniflares: Miniflare[] = []
afterAll(() => Promise.all(miniflares.map((miniflare) => miniflare.dispose())))

test.each(subjects)("%s: %s that a request was cut off in keeps no later request waiting", async (subject) => {
  const url = await start()
  expect(await get(new URL(`/open/${subject}`, url))).toBe("open")
  await cutOff(url)
  expect(await get(url)).toBe("ada")
})

async function start() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("cut-off-worker.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    write: false,
    mainFields: ["module", "main"],
  })
  const script = outputFiles[0]!.text
  const miniflare = new Miniflare({ modules: true, script, compatibilityDate: "2025-09-01" })
  miniflares.push(miniflare)
  return miniflare.ready
}

/** Sends a request, and is gone before it can be answered. */
async function cutOff({ hostname, port }) {
  const socket = connect(Number(port), hostname)
  socket.on("error", () => {})
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
  await new Promise((resolve) => setTimeout(resolve, 150))
  socket.resetAndDestroy()
  await new Promise((resolve) => setTimeout(resolve, 150))
}

async function get(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(9000) })
  return response.text()
}
