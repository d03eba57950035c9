import { fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { SMTPServer } from "smtp-server"
import { root } from "../package/tarball.ts"
import type { GuideAnswer, GuideCall } from "./guide-process.ts"
import { blockFolder, blocksOf } from "./page-blocks.ts"

/** A guide that runs: its handlers, and the mail that they send. */
export interface GuideRun {
  /** A browser with its own cookies. */
  openBrowser(): GuideBrowser
  /** Mails in the order in which they arrived. */
  mails: { to: string; body: string }[]
  close(): Promise<void>
}

/** Sends requests to the handlers of a guide, with the cookies that they have set. */
export interface GuideBrowser {
  get(handler: string, path: string): Promise<GuideAnswer>
  post(handler: string, form: Record<string, string>): Promise<GuideAnswer>
  postJson(handler: string, json: unknown): Promise<GuideAnswer>
  cookies: Map<string, string>
}

/**
 * Runs the blocks of a guide in a process of their own, with a mail server and more variables of the environment. A handler
 * is named `file.ts#export`.
 */
export async function runGuide(
  page: string,
  more: Record<string, string> = {},
  variables: Record<string, string> = {},
): Promise<GuideRun> {
  const folder = await blockFolder()
  for (const [name, code] of [...blocksOf(page), ...Object.entries(more)]) await folder.write(name, code)
  const mails: GuideRun["mails"] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData(stream, session, done) {
      text(stream).then((message) => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address).join(), body: bodyOf(message) })
        done()
      }, done)
    },
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.server.address() as { port: number }
  const secret = "a secret of this guide, of 32 bytes or more"
  const secrets = { PASSKEY_SECRET: secret, TOTP_SECRET: secret }
  const mail = { SMTP_URL: `smtp://127.0.0.1:${port}?ignoreTLS=true` }
  const env = { ...process.env, ...secrets, ...mail, ...variables }
  const child = fork(join(root, "test/docs/guide-process.ts"), [], {
    cwd: folder.path,
    env,
    execArgv: ["--no-warnings"],
  })

  async function call(request: GuideCall): Promise<GuideAnswer> {
    child.send(request)
    const [answer] = (await once(child, "message")) as [GuideAnswer]
    return answer
  }

  function openBrowser(): GuideBrowser {
    const cookies = new Map<string, string>()
    async function send(handler: string, method: string, path: string, body: Pick<GuideCall, "form" | "json">) {
      const [file = "", name = ""] = handler.split("#")
      const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join("; ")
      const answer = await call({ file, name, method, path, cookie, ...body })
      for (const set of answer.cookies) keep(cookies, set)
      return answer
    }
    return {
      cookies,
      get: (handler, path) => send(handler, "GET", path, { form: null }),
      post: (handler, form) => send(handler, "POST", "/", { form }),
      postJson: (handler, json) => send(handler, "POST", "/", { form: null, json }),
    }
  }

  async function close(): Promise<void> {
    child.kill()
    await new Promise<void>((resolve) => server.close(resolve))
    await folder.remove()
  }

  return { openBrowser, mails, close }
}

function keep(cookies: Map<string, string>, set: string): void {
  const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? []
  if (/Max-Age=0\b/.test(set)) cookies.delete(name)
  else cookies.set(name, value)
}

/** Undoes the line breaks and escapes of quoted-printable (RFC 2045, section 6.7). */
function bodyOf(message: string): string {
  const body = message.slice(message.indexOf("\r\n\r\n") + 4)
  return body
    .replace(/=\r\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}
