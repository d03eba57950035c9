/** The pages of this package that rules point to. A test checks that they are there. */
export const pages = {
  authorization: "docs/guides/authorization.md",
  bearerTokens: "docs/guides/bearer-tokens.md",
  databases: "docs/databases/index.md",
  deployment: "docs/guides/deployment.md",
  devices: "docs/guides/devices.md",
  events: "docs/guides/events.md",
  lucia: "docs/lucia/v3.md",
  nextjs: "docs/getting-started/nextjs.md",
  otherOrigins: "docs/guides/other-origins.md",
  passwords: "docs/guides/passwords.md",
  schema: "docs/databases/schema.md",
  stateless: "docs/guides/stateless.md",
  websockets: "docs/guides/websockets.md",
  wrappers: "docs/guides/wrappers.md",
} as const
