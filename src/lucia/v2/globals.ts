// An application declares the namespace Lucia, or does not: then each of these is `any`. The directive must be in the
// last line of a doc comment, because only those get into the published types.

/**
 * The application's own auth, as its namespace `Lucia` tells.
 *
 * @ts-ignore -- `any` where the application declares no such namespace. */
export type GlobalAuth = Lucia.Auth

/**
 * The columns of a user besides the id, as the application's namespace `Lucia` tells.
 *
 * @ts-ignore -- `any` where the application declares no such namespace. */
export type GlobalDatabaseUserAttributes = Lucia.DatabaseUserAttributes

/**
 * The application's own columns of a session, as its namespace `Lucia` tells.
 *
 * @ts-ignore -- `any` where the application declares no such namespace. */
export type GlobalDatabaseSessionAttributes = Lucia.DatabaseSessionAttributes

/** The library's fields, and the application's own. */
export type WithAttributes<Fields, Own> = Fields & Own
