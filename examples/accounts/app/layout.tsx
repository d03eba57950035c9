import type { Metadata, Viewport } from "next"
import Link from "next/link"
import type { ReactNode } from "react"
import { getSession } from "@/lib/auth"
import { hasMailbox } from "@/lib/mail"
import { AccountNav } from "./ui/account-nav"
import { SessionProvider } from "./ui/session"
import "./style.css"

export const metadata: Metadata = { title: { default: "Nightlatch example", template: "%s · Nightlatch example" } }

export const viewport: Viewport = { colorScheme: "light dark" }

// It shows who is signed in, but protects nothing: a layout is not rendered again when a visitor navigates.
// No <Suspense> around the header: without JavaScript, visitors would keep seeing its fallback.
export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <SessionProvider value={getSession()}>
          <header>
            <Link className="brand" href="/">
              nightlatch
            </Link>
            <AccountNav hasMailbox={hasMailbox} />
          </header>
          <main>{children}</main>
        </SessionProvider>
      </body>
    </html>
  )
}
