import type { NextConfig } from "next"

const headers = {
  "Content-Security-Policy": "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  // Not "no-referrer": with that, browsers send forms with `Origin: null`.
  "Referrer-Policy": "same-origin",
  "Strict-Transport-Security": "max-age=15552000",
  "X-Content-Type-Options": "nosniff",
}

export default {
  poweredByHeader: false,
  async headers() {
    // In development Next.js sends one of its own scripts as JSON, which "nosniff" would stop.
    const source = "/((?!_next/static/).*)"
    return [{ source, headers: Object.entries(headers).map(([key, value]) => ({ key, value })) }]
  },
} satisfies NextConfig
