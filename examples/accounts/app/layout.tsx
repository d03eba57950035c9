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

// It shows who is signed in and keeps nobody out: a layout is not rendered again when a visitor moves on.
// No <Suspense> around the header: while the database is slow, those without JavaScript would keep its fallback.
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
