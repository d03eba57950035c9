import type { Metadata } from "next"
import { notFound } from "next/navigation"
import { connection } from "next/server"
import { Time } from "@/app/ui/time"
import { hasMailbox, listMails } from "@/lib/mail"
import type { Mail } from "@/lib/mail"

export const metadata: Metadata = { title: "Mailbox", referrer: "strict-origin" }

/** Replaces a mail server in development. It shows all mail to everyone, so it does not exist in production. */
export default async function MailboxPage() {
  if (!hasMailbox) notFound()
  await connection()
  const mails = listMails()
  return (
    <>
      <h1>Mailbox</h1>
      <p className="lead">This page replaces a mail server. It shows all mail of this process, newest first.</p>
      {mails.length === 0 && <p>No mail yet.</p>}
      <ul className="rows mails">
        {mails.map((mail, n) => (
          <MailRow key={mails.length - n} {...mail} />
        ))}
      </ul>
    </>
  )
}

function MailRow({ to, subject, text, sentAt }: Mail) {
  return (
    <li>
      <article>
        <strong>{subject}</strong>
        <small>
          To {to}, <Time date={sentAt} />
        </small>
        <p>
          {text.split(/(https?:\/\/\S+)/).map((part, n) =>
            n % 2 === 1 ? (
              <a key={part} href={part}>
                {part}
              </a>
            ) : (
              part
            ),
          )}
        </p>
      </article>
    </li>
  )
}
