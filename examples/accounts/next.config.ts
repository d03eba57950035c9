import type { NextConfig } from "next"

const config: NextConfig = {
  poweredByHeader: false,
  // The toy provider loads its own files.
  serverExternalPackages: ["oidc-provider"],
  // This folder, not a parent folder with a lock file.
  turbopack: { root: import.meta.dirname },
  outputFileTracingRoot: import.meta.dirname,
  headers: async () => [
    {
      source: "/:path*",
      headers: [
        // The Content-Security-Policy is in proxy.ts. Links from e-mails carry a token in the address: this keeps it from other
        // sites. Not "no-referrer": with that, browsers send forms with `Origin: null`.
        { key: "Referrer-Policy", value: "same-origin" },
        { key: "X-Content-Type-Options", value: "nosniff" },
        { key: "X-Frame-Options", value: "DENY" },
      ],
    },
  ],
}

export default config
