import type { BindableSession, DeviceBinding } from "../../../src/device.ts"

/** A request's session, as far as the pages need it. */
interface PageSession<S> {
  validate(): Promise<{ session: S; user: { id: string | number } } | null>
  signIn(user: string): Promise<unknown>
  signOut(): Promise<void>
  rotate(): Promise<unknown>
}

/** Makes the function that answers all requests to the application. */
export function pageOf<S extends BindableSession>(device: DeviceBinding<S>) {
  return async function page(request: Request, session: PageSession<S>): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === "/form") return html("form", forms)
    if (pathname === "/sign-in") {
      await session.signIn(searchParams.get("user") ?? "ada")
      return seeOther()
    }
    if (pathname === "/sign-out") {
      await session.signOut()
      return seeOther()
    }
    if (pathname === "/rotate") {
      await session.rotate()
      return seeOther()
    }
    const member = await session.validate()
    if (pathname === "/transfer") {
      if (!member) return html("nobody")
      const { provenAt, redirect } = await device.prove(request, member.session)
      if (!provenAt) return redirect ?? html("no proof")
      return html(`${request.method} ${await request.text()}`, forms)
    }
    return html(`${member?.user.id ?? "nobody"}`, forms)
  }
}

/** A page of another site, which links to the application and sends it forms. */
export function otherSite(own: string): Response {
  const body = `
    <a id="link" href="${own}/">link</a>
    <a id="enter" href="${own}/sign-in">enter</a>
    <form id="forge" method="post" action="${own}/auth/device"><button>forge</button></form>`
  return html("other", body)
}

const forms = `
  <form id="ada" method="post" action="/sign-in?user=ada"><button>sign in</button></form>
  <form id="eve" method="post" action="/sign-in?user=eve"><button>sign in</button></form>
  <form id="out" method="post" action="/sign-out"><button>sign out</button></form>
  <form id="rotate" method="post" action="/rotate"><button>rotate</button></form>
  <form id="transfer" method="post" action="/transfer"><input name="amount" value="5"><button>transfer</button></form>`

// Without an icon the browser would request one at an unpredictable time.
function html(title: string, body = ""): Response {
  const page = `<!doctype html><title>${title}</title><link rel="icon" href="data:,">${body}`
  return new Response(page, { headers: { "Content-Type": "text/html" } })
}

function seeOther(): Response {
  return new Response(null, { status: 303, headers: { Location: "/" } })
}
