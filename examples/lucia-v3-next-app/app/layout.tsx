import type { Metadata, Viewport } from "next"
import "./style.css"

export const metadata: Metadata = {
  title: "Lucia example",
}

export const viewport: Viewport = { colorScheme: "light dark" }

export default function RootLayout({ children }: { children: React.ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}
