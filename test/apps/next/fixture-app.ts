import { buildAppOnce } from "./next-app.ts"
import type { BuiltApp } from "./next-app.ts"

/** What the application of the tests is built as. */
export type Variant = "14" | "15" | "16" | "16 with Cache Components"

/** All that a version of Next.js can be asked for. */
export const variants: Variant[] = ["14", "15", "16", "16 with Cache Components"]

/** Builds the application of the tests: once for all test files. */
export function buildFixture(variant: Variant): Promise<BuiltApp> {
  const next = Number(variant.slice(0, 2)) as 14 | 15 | 16
  const proxy = next === 16 ? "proxy" : "middleware"
  const extra = variant === "16 with Cache Components" ? cacheComponents : edge
  return buildAppOnce("test/apps/next/fixture", { next, files: { [`${proxy}.ts`]: proxyFile(proxy), ...extra } })
}

function proxyFile(name: string): string {
  return `import { createAuthProxy } from "nightlatch/next/proxy"

export const ${name} = createAuthProxy({
  publicPaths: ["/", "/form", "/api", "/test"],
  signInPath: "/sign-in",
  allowCrossOrigin: ["/api/returned"],
})
export const config = { matcher: "/((?!_next/static|_next/image|favicon.ico|bare|api/bare).*)" }
`
}

// The runtimes do not share memory, so each has separate users.
const edge = {
  "app/api/edge/route.ts": `import { createAuth } from "nightlatch"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { createNextAuth } from "nightlatch/next"

export const runtime = "edge"

const adapter = memoryAdapter<{ id: string }>()
const { routeHandler, signIn } = createNextAuth(createAuth({ adapter }), { signInPath: "/sign-in" })

export const GET = routeHandler((_, { user }) => Response.json({ user }))
export const POST = routeHandler(
  async () => {
    await adapter.insertUser({ id: "eve", attributes: {} }, null)
    await signIn("eve")
    return new Response(null, { status: 204 })
  },
  { public: true },
)
`,
}

const cacheComponents = {
  "next.config.mjs": "export default { cacheComponents: true, partialPrefetching: true }\n",
  "lib/frame.tsx": `import { Suspense } from "react"
import type { ReactNode } from "react"

export function Frame({ children }: { children: ReactNode }) {
  return <Suspense>{children}</Suspense>
}
`,
  "app/private/page.tsx": `import { Suspense } from "react"
import { verifySession } from "../../lib/session"

async function readPrivately() {
  "use cache: private"
  const { user } = await verifySession()
  return user.name
}

async function Private() {
  return <h1>{\`Privately \${await readPrivately()}, again \${await readPrivately()}\`}</h1>
}

export default function Page() {
  return <Suspense><Private /></Suspense>
}
`,
}
