// What this package uses of Next.js 14 to 16. Next.js itself is too heavy to install for its types alone; the types that
// a user sees are those of the Next.js that the user has, and test/apps/next compiles this package against each of them.

declare module "next/headers.js" {
  type HeaderList = import("./request-state.ts").HeaderList
  type CookieJar = import("./request-state.ts").CookieJar

  // Promises since Next.js 15.
  export function headers(): HeaderList | Promise<HeaderList>
  export function cookies(): CookieJar | Promise<CookieJar>
}

declare module "next/cache.js" {
  // Only since Next.js 16.3.
  export const io: unknown
}

// "next/navigation": package.json says by which name each runtime finds it.
declare module "#next/navigation" {
  export function redirect(path: string): never
  export function notFound(): never
}

declare module "next/server.js" {
  export interface NextURL extends URL {
    clone(): NextURL
  }

  export interface NextRequest extends Request {
    readonly nextUrl: NextURL
  }
}

declare module "next" {
  import type { IncomingMessage, ServerResponse } from "node:http"

  export interface NextApiRequest extends IncomingMessage {
    body: unknown
  }

  export interface NextApiResponse<Body = unknown> extends ServerResponse {
    json(body: Body): void
  }

  export interface GetServerSidePropsContext {
    req: IncomingMessage
    res: ServerResponse
    resolvedUrl: string
  }

  export type GetServerSidePropsResult<Props> =
    { props: Props | Promise<Props> } | { redirect: { destination: string; permanent: boolean } } | { notFound: true }
}
