import type { IdType } from "./sql-script.ts"

const userIds: Record<IdType, { type: string; made: string }> = {
  text: { type: "String", made: "" },
  integer: { type: "Int", made: " @default(autoincrement())" },
  bigint: { type: "BigInt", made: " @default(autoincrement())" },
  uuid: { type: "String", made: " @default(uuid())" },
}

/** Writes the models of Prisma, for SQLite and PostgreSQL, as `prisma format` would. */
export function prismaModels(ids: IdType): string {
  const { type, made } = userIds[ids]
  const user = "User     @relation(fields: [userId], references: [id], onDelete: Cascade)"
  return `// If you have a model User, keep it, and add the two lists to it. Its id needs the same type as userId below.
model User {
  id       ${type.padEnd(9)} @id${made}
  username String    @unique
  sessions Session[]
  keys     Key[]
}

model Session {
  id        String   @id
  userId    ${type}
  createdAt DateTime
  expiresAt DateTime
  user      ${user}

  @@index([userId])
  @@index([expiresAt])
}

model Key {
  id             String  @id
  userId         ${type}
  hashedPassword String?
  user           ${user.replace("     ", "    ")}

  @@index([userId])
}`
}
