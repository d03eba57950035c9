// If an application does not declare the namespace Lucia, each of these types is `any`. The directive must be in the
// last line of a doc comment, because only doc comments get into the published types.

/**
 * The application's own auth, as declared in its namespace `Lucia`.
 *
 * @ts-ignore -- `any` where the application declares no such namespace. */
export type GlobalAuth = Lucia.Auth

/**
 * A user's columns besides the id, as declared in the application's namespace `Lucia`.
 *
 * @ts-ignore -- `any` where the application declares no such namespace. */
export type GlobalDatabaseUserAttributes = Lucia.DatabaseUserAttributes

/**
 * A session's own columns, as declared in the application's namespace `Lucia`.
 *
 * @ts-ignore -- `any` where the application declares no such namespace. */
export type GlobalDatabaseSessionAttributes = Lucia.DatabaseSessionAttributes

/** The library's fields and the application's own. */
export type WithAttributes<Fields, Own> = Fields & Own
