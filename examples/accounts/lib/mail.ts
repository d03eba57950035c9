import "server-only"
import { after } from "next/server"
import { site } from "./site"

export interface Mail {
  to: string
  subject: string
  text: string
  sentAt: Date
}

// Shared by all parts of the server, and kept across reloads in development.
const shared = globalThis as { exampleMailbox?: Mail[] }
const mailbox = (shared.exampleMailbox ??= [])

/** Whether the page "Mailbox" exists. It shows everyone's mail, so never enable it on a public server. */
export const hasMailbox = process.env.NODE_ENV !== "production" || process.env.MAILBOX === "page"

/**
 * Sends a mail after the response, so the response time does not reveal whether an account exists. Here, mail goes to the
 * page "Mailbox". For real mail, call `nodemailer` in `deliver`: the guide on e-mail confirmation shows how.
 */
export function sendMail(to: string, subject: string, lines: string[]): void {
  after(() => deliver({ to, subject, text: lines.join("\n\n"), sentAt: new Date() }))
}

async function deliver(mail: Mail): Promise<void> {
  if (!hasMailbox)
    throw new Error("No mail server is connected. Call yours in lib/mail.ts, or set MAILBOX=page to try it.")
  mailbox.unshift(mail)
  mailbox.splice(100)
}

/** The mails of the development mailbox, newest first. */
export function listMails(): readonly Mail[] {
  return mailbox
}

/** Builds a link for a mail. The origin comes from configuration, never from the request's `Host`, which anyone can set. */
export function linkTo(path: string, token: string): string {
  const url = new URL(path, site)
  url.searchParams.set("token", token)
  return url.href
}
