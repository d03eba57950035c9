import { expect, test } from "vitest"

import * as rules from "./import-rules.ts"
import type { ImportRule } from "./import-rules.ts"
import type { Module } from "./module-graph.ts"
import { readModule, readModules } from "./module-graph.ts"

/** A rule, what it says, and modules that break it with the lines that must name each breach. */
interface Check {
  sentence: string
  rule: ImportRule
  broken: Record<string, string>
  breaches: string[]
}

const checks: Check[] = [
  {
    sentence: "src/core imports nothing but itself and src/platform",
    rule: rules.coreStandsAlone,
    broken: {
      "src/core/session-token.ts":
        'import { sha256 } from "@oslojs/crypto/sha2"; import { randomBytes } from "node:crypto"',
      "src/core/auth.ts": 'import type { Users } from "../users/users.ts"; export { a } from "./b.ts"',
      "src/core/cookie.ts": 'const hex = () => import("@oslojs/encoding")',
    },
    breaches: [
      "src/core/session-token.ts imports @oslojs/crypto/sha2",
      "src/core/session-token.ts imports node:crypto",
      "src/core/auth.ts imports src/users/users.ts",
      "src/core/cookie.ts imports @oslojs/encoding",
    ],
  },
  {
    sentence: "src/platform imports nothing but itself, @oslojs/* in crypto.ts, and types of Node in node.ts",
    rule: rules.platformStandsAlone,
    broken: {
      "src/platform/bytes.ts": 'import { AuthError } from "../core/errors.ts"',
      "src/platform/crypto.ts":
        'import { sha256 } from "@oslojs/crypto/sha2"; import { randomBytes } from "node:crypto"',
      "src/platform/node.ts": 'import type { Buffer } from "node:buffer"; import { hash } from "node:crypto"',
      "src/platform/encoding.ts": 'import { encodeHexLowerCase } from "@oslojs/encoding"',
    },
    breaches: [
      "src/platform/bytes.ts imports src/core/errors.ts",
      "src/platform/crypto.ts imports node:crypto",
      "src/platform/node.ts imports node:crypto",
      "src/platform/encoding.ts imports @oslojs/encoding",
    ],
  },
  {
    sentence: "src/request knows src/core and src/platform, and no wrapper",
    rule: rules.requestKnowsOnlyTheCore,
    broken: {
      "src/request/access.ts":
        'import type { Auth } from "../core/auth.ts"; import type { WebAuth } from "../web.ts"; import "react"',
    },
    breaches: ["src/request/access.ts imports src/web.ts", "src/request/access.ts imports react"],
  },
  {
    sentence: "adapters/port, adapters/retry and adapters/key-value know no driver's room",
    rule: rules.sharedRoomsKnowNoDriver,
    broken: {
      "adapters/port/names.ts":
        'import type { Row } from "../sql/executor.ts"; import { withRetry } from "../retry/retry.ts"',
      "adapters/key-value/fields.ts": 'import { redisAdapter } from "../redis.ts"',
    },
    breaches: [
      "adapters/port/names.ts imports adapters/sql/executor.ts",
      "adapters/key-value/fields.ts imports adapters/redis.ts",
    ],
  },
  {
    sentence: "the modules of an account know src/proof, and of each other only the types of ports",
    rule: rules.accountRoomsStandApart,
    broken: {
      "src/sign-in/create-sign-in.ts":
        'import type { Users } from "../users/users.ts"; import { spendProof } from "../proof/proof.ts"; import "./kinds.ts"',
      "src/users/parts.ts": 'import type { TokenAdapter } from "../tokens/token-port.ts"',
      "src/users.ts": 'export { createTokens } from "./tokens/create-tokens.ts"; import "./users/create-users.ts"',
      "src/throttle/throttle.ts": 'import { createTokens } from "../tokens.ts"',
    },
    breaches: [
      "src/sign-in/create-sign-in.ts imports src/users/users.ts",
      "src/users.ts imports src/tokens/create-tokens.ts",
      "src/throttle/throttle.ts imports src/tokens.ts",
    ],
  },
  {
    sentence: "@oslojs/* is imported in one file",
    rule: rules.osloIsImportedOnce,
    broken: { "src/password/scrypt.ts": 'import { encodeHexLowerCase } from "@oslojs/encoding"' },
    breaches: ["src/password/scrypt.ts imports @oslojs/encoding"],
  },
  {
    sentence: "src never imports adapters, except what makes their tables, for the command",
    rule: rules.sourceKnowsNoAdapter,
    broken: {
      "src/users/users.ts":
        'type Rows = import("../../adapters/sql/rows.ts").Rows; import { schema } from "../../adapters/sql/schema.ts"',
      "src/cli/schema/sql-script.ts":
        'import { schema } from "../../../adapters/sql/schema.ts"; import { sqlAdapter } from "../../../adapters/sql.ts"',
    },
    breaches: [
      "src/users/users.ts imports adapters/sql/rows.ts",
      "src/users/users.ts imports adapters/sql/schema.ts",
      "src/cli/schema/sql-script.ts imports adapters/sql.ts",
    ],
  },
  {
    sentence: "adapters import from src only the errors, the check of options, the check of kinds and the ports' types",
    rule: rules.adaptersKnowOnlyThePorts,
    broken: {
      "adapters/sql/keys.ts":
        'import type { Auth } from "../../src/core/auth.ts"; import { AuthError } from "../../src/core/errors.ts"',
      "adapters/memory.ts": 'import { anyValue } from "../src/core/ports.ts"',
    },
    breaches: ["adapters/sql/keys.ts imports src/core/auth.ts", "adapters/memory.ts imports src/core/ports.ts"],
  },
  {
    sentence: "no file imports an entry: neither an index, nor another adapter, nor another wrapper",
    rule: rules.entriesAreNotImported,
    broken: {
      "src/users/users.ts": 'import type { Auth } from "../index.ts"',
      "adapters/node-sqlite.ts": 'import { sqlAdapter } from "./sql.ts"',
      "src/web.ts": 'export * from "./node.ts"',
      "src/next/pages.ts": 'import { createNodeAuth } from "../node.ts"; import { createWebAuth } from "../web.ts"',
      "src/hono.ts": 'import { createNodeAuth } from "./node.ts"; import { createWebAuth } from "./web.ts"',
    },
    breaches: [
      "src/users/users.ts imports src/index.ts",
      "adapters/node-sqlite.ts imports adapters/sql.ts",
      "src/web.ts imports src/node.ts",
      "src/next/pages.ts imports src/web.ts",
      "src/hono.ts imports src/node.ts",
    ],
  },
  {
    sentence: "wrappers know no store",
    rule: rules.wrappersKnowNoStore,
    broken: {
      "src/web.ts": 'import type { SessionAdapter, UserId } from "./core/ports.ts"',
      "src/node.ts":
        'import { createAuth } from "./core/create-auth.ts"; import type { UserId } from "./core/ports.ts"',
      "src/next.ts": 'import type * as ports from "./core/ports.ts"',
    },
    breaches: [
      "src/web.ts imports src/core/ports.ts",
      "src/node.ts imports src/core/create-auth.ts",
      "src/next.ts imports src/core/ports.ts",
    ],
  },
  {
    sentence: "expiry, session-token, cookie and origin know neither each other nor the ports",
    rule: rules.pureFilesKnowOnlyErrors,
    broken: {
      "src/core/expiry.ts": 'import type { SessionRecord } from "./ports.ts"; import { AuthError } from "./errors.ts"',
      "src/core/cookie.ts": 'import { isToken } from "./session-token.ts"',
    },
    breaches: ["src/core/expiry.ts imports src/core/ports.ts", "src/core/cookie.ts imports src/core/session-token.ts"],
  },
  {
    sentence: "nightlatch/testing imports no test runner and no platform",
    rule: rules.testingNeedsNoRunner,
    broken: { "src/testing/expectation.ts": 'import { expect } from "vitest"; import assert from "node:assert"' },
    breaches: ["src/testing/expectation.ts imports vitest", "src/testing/expectation.ts imports node:assert"],
  },
  {
    sentence: "no driver, hasher or platform module is imported before it is used",
    rule: rules.packagesAreNotImported,
    broken: {
      "adapters/better-sqlite3.ts": 'import Database from "better-sqlite3"',
      "src/node.ts": 'import type { Server } from "node:http"; import "node:http"',
      "src/password/argon2id.ts": 'const load = () => import("@node-rs/argon2")',
      "src/next.ts":
        'import { headers } from "next/headers.js"; import { cache } from "react"; import "next/server.js"',
      "src/web.ts": 'import { headers } from "next/headers"',
      "src/cli.ts": 'import { readFileSync } from "node:fs"; import type { Node } from "ts-morph"',
      "src/cli/run.ts": 'import { Project } from "ts-morph"; import { join } from "node:path"',
    },
    breaches: [
      "adapters/better-sqlite3.ts imports better-sqlite3",
      "src/node.ts imports node:http",
      "src/next.ts imports next/server.js",
      "src/web.ts imports next/headers",
      "src/cli/run.ts imports ts-morph",
    ],
  },
  {
    sentence: "every import says what it imports",
    rule: rules.importsAreLiteral,
    broken: {
      "src/password/argon2id.ts": "const load = (name: string) => import(name)",
      "src/password/scrypt.ts": 'const load = (name: string) => import("node:".concat(name))',
    },
    breaches: ["src/password/argon2id.ts imports (computed)", "src/password/scrypt.ts imports (computed)"],
  },
  {
    sentence: "no modules import each other, for a value or a type",
    rule: rules.modulesFormNoCycle,
    broken: {
      "src/users/a.ts": 'import { b } from "./b.ts"',
      "src/users/b.ts": 'import { c } from "./c.ts"',
      "src/users/c.ts": 'const b = () => import("./b.ts")',
      "src/core/d.ts": 'import type { E } from "./e.ts"',
      "src/core/e.ts": 'type D = import("./d.ts").D',
    },
    breaches: ["src/users/b.ts -> src/users/c.ts -> src/users/b.ts", "src/core/d.ts -> src/core/e.ts -> src/core/d.ts"],
  },
  {
    sentence: "no two files of src, or of the adapters, declare and export the same value",
    rule: rules.valuesAreDeclaredOnce,
    broken: {
      "src/core/a.ts": "export const day = 1; export interface Row {}",
      "src/users/b.ts":
        'export function day(): void\nexport function day() {}\nexport type { Row } from "../core/a.ts"',
      "adapters/c.ts": "export interface Row {}; export const day = 1",
    },
    breaches: ["day in src: src/core/a.ts, src/users/b.ts"],
  },
  {
    sentence: "no two entries offer the same value",
    rule: rules.valuesAreOfferedOnce,
    broken: {
      "src/index.ts":
        'export { createAuth } from "./core/create-auth.ts"; export type { Cookie } from "./core/cookie.ts"',
      "src/web.ts":
        'export { createAuth } from "./core/create-auth.ts"; export type { Cookie } from "./core/cookie.ts"',
    },
    breaches: ["createAuth: src/index.ts, src/web.ts"],
  },
]

const modules = readModules("src", "adapters")

test.each(checks)("$sentence", ({ rule }) => {
  expect(rule(modules)).toEqual([])
})

test.each(checks)("a breach is found of: $sentence", ({ rule, broken, breaches }) => {
  const samples: Module[] = Object.entries(broken).map(([file, text]) => readModule(file, text))
  expect(rule(samples)).toEqual(breaches)
})

test("there is a check for every rule", () => {
  expect(new Set(checks.map(({ rule }) => rule))).toEqual(new Set(Object.values(rules)))
})

test("readModules() finds the files that are there and every file they import", () => {
  const files = new Set(modules.map(({ file }) => file))
  expect(files).toContain("src/core/create-auth.ts")
  expect(files).toContain("adapters/memory.ts")
  const imported = modules.flatMap(({ imports }) => imports.map(({ from }) => from))
  expect(imported.filter((path) => /^(src|adapters)\//.test(path) && !files.has(path))).toEqual([])
})

test("readModule() sees every kind of import", () => {
  const text = `
    import "./effect.ts"
    import a, { b as c } from "./value.ts"
    import * as d from "./namespace.ts"
    import type { E } from "./type.ts"
    import { type F } from "./inline-type.ts"
    export * from "./everything.ts"
    export { g as h } from "./re-export.ts"
    export type { I } from "./type-re-export.ts"
    type J = import("./import-type.ts").J
    const k = async () => (await import("./dynamic.ts")).k
  `
  const { imports } = readModule("src/x/module.ts", text)
  expect(imports.map(({ from, how, names }) => [from.replace("src/x/", ""), how, ...names].join(" "))).toEqual([
    "effect.ts value",
    "value.ts value b",
    "namespace.ts value",
    "type.ts type E",
    "inline-type.ts type F",
    "everything.ts value",
    "re-export.ts value g",
    "type-re-export.ts type I",
    "import-type.ts type",
    "dynamic.ts dynamic",
  ])
})
