// Computed from the application's own types.
const computed =
  "Decision IdOf InferSessionRow InferUserId NoSnapshots NullableColumn OfRow PrismaInput Shown Validated"

// Parts of drivers, frameworks and test runners.
const foreign =
  "D1Result D1Statement LibsqlResult LibsqlStatement LocalTransaction PgPoolClient PgQuery PgResult Test " +
  '"next".GetServerSidePropsContext "next".GetServerSidePropsResult "next".NextApiRequest "next".NextApiResponse ' +
  '"next/server.js".NextRequest'

// Lucia's types are exported under the names that Lucia gives them, without the parts of which they are made.
const lucia =
  "AnyAdapter AnyConfiguration ArgumentsOf ContextRequest CookieSession NewKey OrNull SessionAttributesOf SessionColumns " +
  "SessionOf SessionOfAuth UserAttributesOf UserColumns UserFields UserOf Validating " +
  "src/lucia/v2/auth.ts:AnyAuth src/lucia/v2/auth.ts:SessionFields src/lucia/v3/from-lucia-adapter.ts:Found " +
  ["Adapter", "DatabaseSession", "DatabaseUser"].map((name) => `src/lucia/v3/lucia-adapter.ts:${name}`).join(" ")

/**
 * Types that entries mention and do not export, so that the reference has no word about them. A type that users have to
 * read is exported instead.
 */
export const helperTypes = [computed, foreign, lucia].flatMap((names) => names.split(" "))
