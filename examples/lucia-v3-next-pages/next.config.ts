import type { NextConfig } from "next"

const nextConfig: NextConfig = {
  reactStrictMode: true,
  // This folder, and not one above it that has a lock file.
  turbopack: { root: import.meta.dirname },
  outputFileTracingRoot: import.meta.dirname,
}

export default nextConfig
