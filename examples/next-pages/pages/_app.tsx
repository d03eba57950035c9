import type { AppProps } from "next/app"
import type { Member } from "../lib/auth"
import type { VisitorDto } from "../lib/data-access"
import { SessionProvider } from "../lib/session"
import "../style.css"

export default function App({ Component, pageProps }: AppProps<{ visitor?: VisitorDto | null }>) {
  const { visitor } = pageProps
  return (
    <SessionProvider value={visitor ? withDates(visitor) : null}>
      <Component {...pageProps} />
    </SessionProvider>
  )
}

function withDates({ user, session }: VisitorDto): Member {
  const { createdAt, expiresAt } = session
  return { user, session: { ...session, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) } }
}
