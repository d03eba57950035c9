import { hintFor, invalidOption, shown } from "../../src/core/options.ts"
import type { FeatureTable, TableOwner } from "../port/names.ts"
import type { UserIdType } from "../port/user-ids.ts"
import { createTable, reference, words } from "./create-table.ts"
import type { DialectName } from "./dialect.ts"

/** A feature that needs one more table: one-time tokens, throttles, authenticator apps, passkeys, or the audit log. */
export type Feature = "tokens" | "throttle" | "totp" | "passkeys" | "audit"

/** The table of each feature. */
const featureTables: Record<Feature, FeatureTable> = {
  tokens: "token",
  throttle: "attempt",
  totp: "totp",
  passkeys: "passkey",
  audit: "event",
}

const features = ["tokens", "throttle", "totp", "passkeys", "audit"] as const satisfies Feature[]

/** The columns and indexes of a table. An index covers one column or several. */
interface Table {
  columns: string[]
  indexed: (string | string[])[]
  isLog?: boolean
}

interface Types {
  text: string
  name: string
  passkeyId: string
  integer: string
}

// MySQL's TEXT holds 65,535 bytes. Names are bytes, which are compared exactly.
const types: Record<DialectName, Types> = {
  sqlite: { text: "TEXT", name: "TEXT", passkeyId: "TEXT", integer: "INTEGER" },
  postgres: { text: "TEXT", name: "TEXT", passkeyId: "TEXT", integer: "INTEGER" },
  mysql: {
    text: "TEXT CHARACTER SET utf8mb4",
    name: "VARBINARY(48)",
    passkeyId: "VARBINARY(1400)",
    integer: "INT",
  },
}

/** Returns the statements that create the tables of features. Throws `invalid_option` for an unknown feature. */
export function featureStatements(
  dialect: DialectName,
  include: readonly Feature[],
  names: Record<TableOwner, string>,
  userIdType: UserIdType,
): string[] {
  checkFeatures(include)
  const tables = tablesOf(dialect, names, userIdType)
  return features
    .filter((feature) => include.includes(feature))
    .flatMap((feature) => {
      const owner = featureTables[feature]
      const { columns, indexed, isLog } = tables[owner]
      return createTable(dialect, names[owner], columns, indexed, isLog)
    })
}

/** A caller in JavaScript can pass anything. */
function checkFeatures(include: readonly unknown[]): void {
  const known: readonly unknown[] = features
  const unknown = include.find((feature) => !known.includes(feature))
  if (unknown !== undefined)
    throw invalidOption("include", unknown, `is not a feature with a table; ${hintFor(shown(unknown), features)}`)
}

function tablesOf(
  dialect: DialectName,
  names: Record<TableOwner, string>,
  userIdType: UserIdType,
): Record<FeatureTable, Table> {
  const { id, time, userId } = words[dialect]
  const { text, name, passkeyId, integer } = types[dialect]
  const key = `id ${id} NOT NULL PRIMARY KEY`
  const user = `user_id ${userId[userIdType]}`
  return {
    token: {
      columns: [
        key,
        `purpose ${name} NOT NULL`,
        user + reference(dialect, names.token, names.user),
        `expires_at ${time}`,
        `attempts ${integer} NOT NULL`,
        `data ${text} NOT NULL`,
      ],
      indexed: ["user_id", "expires_at"],
    },
    attempt: { columns: [key, `until ${time} NOT NULL`], indexed: ["until"] },
    totp: {
      columns: [
        `${user} NOT NULL PRIMARY KEY${reference(dialect, names.totp, names.user)}`,
        `secret ${text} NOT NULL`,
        `used_step ${time} NOT NULL`,
        `created_at ${time} NOT NULL`,
      ],
      indexed: [],
    },
    passkey: {
      columns: [
        `id ${passkeyId} NOT NULL PRIMARY KEY`,
        `${user} NOT NULL${reference(dialect, names.passkey, names.user)}`,
        `public_key ${text} NOT NULL`,
        `algorithm ${integer} NOT NULL`,
        `sign_count ${time} NOT NULL`,
        `backup_eligible ${integer} NOT NULL`,
        `backed_up ${integer} NOT NULL`,
        `aaguid ${name} NOT NULL`,
        `transports ${text} NOT NULL`,
        `name ${text} NOT NULL`,
        `created_at ${time} NOT NULL`,
        `used_at ${time}`,
      ],
      indexed: ["user_id"],
    },
    event: {
      // No reference: an event outlives its user.
      columns: [
        key,
        `at ${time} NOT NULL`,
        `type ${name} NOT NULL`,
        user,
        `session_id ${id}`,
        `detail ${text} NOT NULL`,
      ],
      indexed: [["user_id", "at"], "at"],
      isLog: true,
    },
  }
}
