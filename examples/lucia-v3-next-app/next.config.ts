import type { NextConfig } from "next"

const nextConfig: NextConfig = {
  serverExternalPackages: ["@node-rs/argon2"],
  // This folder, and not one above it that has a lock file.
  turbopack: { root: import.meta.dirname },
  outputFileTracingRoot: import.meta.dirname,
}

export default nextConfig
