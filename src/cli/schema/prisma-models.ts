import type { Feature, IdType } from "./sql-script.ts"

const userIds: Record<IdType, { type: string; made: string }> = {
  text: { type: "String", made: "" },
  integer: { type: "Int", made: " @default(autoincrement())" },
  bigint: { type: "BigInt", made: " @default(autoincrement())" },
  uuid: { type: "String", made: " @default(uuid())" },
}

type Field = [name: string, type: string, attributes?: string]

const relation = "@relation(fields: [userId], references: [id], onDelete: Cascade)"

/** Writes the Prisma models for SQLite and PostgreSQL, formatted as `prisma format` does. */
export function prismaModels(ids: IdType, include: readonly Feature[] = []): string {
  const { type, made } = userIds[ids]
  const lists: Field[] = [
    ["sessions", "Session[]"],
    ["keys", "Key[]"],
    ...relations.flatMap(([feature, field]) => (include.includes(feature) ? [field] : [])),
  ]
  const user: Field[] = [["id", type, `@id${made}`], ["username", "String", "@unique"], ...lists]
  const session: Field[] = [
    ["id", "String", "@id"],
    ["userId", type],
    ["createdAt", "DateTime"],
    ["expiresAt", "DateTime"],
    ["user", "User", relation],
  ]
  const key: Field[] = [
    ["id", "String", "@id"],
    ["userId", type],
    ["hashedPassword", "String?"],
    ["user", "User", relation],
  ]
  const names = lists.map(([name]) => name).join(", ")
  return [
    `// If you have a model User, keep it, and add these relations to it: ${names}. Its id needs the same type as userId below.
${model("User", user)}`,
    model("Session", session, ["@@index([userId])", "@@index([expiresAt])"]),
    model("Key", key, ["@@index([userId])"]),
    ...features.filter(([feature]) => include.includes(feature)).map(([, write]) => write(type)),
  ].join("\n\n")
}

/** The relations that the models of features add to the user model. */
const relations: [Feature, Field][] = [
  ["tokens", ["tokens", "AuthToken[]"]],
  ["totp", ["totp", "UserTotp?"]],
  ["passkeys", ["passkeys", "UserPasskey[]"]],
]

/** The columns have the names that the library's SQL uses, and times are milliseconds. */
const features: [Feature, (userId: string) => string][] = [
  ["tokens", tokenModel],
  ["throttle", attemptModel],
  ["totp", totpModel],
  ["passkeys", passkeyModel],
  ["audit", eventModel],
]

function tokenModel(userId: string): string {
  const fields: Field[] = [
    ["id", "String", "@id"],
    ["purpose", "String"],
    ["userId", `${userId}?`, '@map("user_id")'],
    ["expiresAt", "BigInt?", '@map("expires_at")'],
    ["attempts", "Int"],
    ["data", "String"],
    ["user", "User?", relation],
  ]
  return model("AuthToken", fields, ["@@index([userId])", "@@index([expiresAt])", '@@map("auth_token")'])
}

function attemptModel(): string {
  const fields: Field[] = [
    ["id", "String", "@id"],
    ["until", "BigInt"],
  ]
  return model("AuthAttempt", fields, ["@@index([until])", '@@map("auth_attempt")'])
}

function totpModel(userId: string): string {
  const fields: Field[] = [
    ["userId", userId, '@id @map("user_id")'],
    ["secret", "String"],
    ["usedStep", "BigInt", '@map("used_step")'],
    ["createdAt", "BigInt", '@map("created_at")'],
    ["user", "User", relation],
  ]
  return model("UserTotp", fields, ['@@map("user_totp")'])
}

function passkeyModel(userId: string): string {
  const fields: Field[] = [
    ["id", "String", "@id"],
    ["userId", userId, '@map("user_id")'],
    ["publicKey", "String", '@map("public_key")'],
    ["algorithm", "Int"],
    ["signCount", "BigInt", '@map("sign_count")'],
    ["backupEligible", "Int", '@map("backup_eligible")'],
    ["backedUp", "Int", '@map("backed_up")'],
    ["aaguid", "String"],
    ["transports", "String"],
    ["name", "String"],
    ["createdAt", "BigInt", '@map("created_at")'],
    ["usedAt", "BigInt?", '@map("used_at")'],
    ["user", "User", relation],
  ]
  return model("UserPasskey", fields, ["@@index([userId])", '@@map("user_passkey")'])
}

function eventModel(userId: string): string {
  const fields: Field[] = [
    ["id", "String", "@id"],
    ["at", "BigInt"],
    ["type", "String"],
    ["userId", `${userId}?`, '@map("user_id")'],
    ["sessionId", "String?", '@map("session_id")'],
    ["detail", "String"],
  ]
  return model("AuthEvent", fields, ["@@index([userId, at])", "@@index([at])", '@@map("auth_event")'])
}

function model(name: string, fields: Field[], attributes: string[] = []): string {
  const width = (column: 0 | 1) => Math.max(...fields.map((field) => field[column].length))
  const lines = fields.map(([field, type, rest = ""]) =>
    `  ${field.padEnd(width(0))} ${type.padEnd(width(1))} ${rest}`.trimEnd(),
  )
  const after = attributes.length > 0 ? ["", ...attributes.map((attribute) => `  ${attribute}`)] : []
  return [`model ${name} {`, ...lines, ...after, "}"].join("\n")
}
