import type { AuthErrorCode } from "../core/errors.ts"
import { AuthError, isAuthError } from "../core/errors.ts"
import { isDate, isError } from "../platform/realm.ts"
import { format } from "./expectation.ts"

/** One end of a connection between two processes or threads. It must carry structured clones, because JSON loses dates. */
export interface AdapterChannel {
  /** Sends a message to the other end. */
  send: (message: unknown) => unknown
  /** Registers a listener for messages from the other end. */
  receive: (listener: (message: unknown) => void) => unknown
  /** Settles when the other end is gone. Without it, an unanswered call waits forever. */
  closed?: Promise<unknown> | undefined
}

type Method = (...values: unknown[]) => Promise<unknown>

interface Call {
  number: number
  method: string
  values: unknown[]
}

interface Answer {
  number: number
  value?: unknown
  failure?: Failure
}

/** What is sent of an error. A structured clone would lose its name and code. */
interface Failure {
  message: string
  code: AuthErrorCode | null
}

/** Answer number 0, sent without a call. It lists the methods and has a date, to check that dates arrive. */
interface Greeting {
  methods: string[]
  now: Date
}

const gone: Failure = { message: "The process that serves the adapter is gone.", code: "store_failed" }

/**
 * Lets another process call the methods of this process's adapter through {@link remoteAdapter}.
 *
 * @example
 * // In a process that was started by fork(file, { serialization: "advanced" }):
 * serveAdapter(myAdapter(openPool()), {
 *   send: (message) => process.send(message),
 *   receive: (listener) => process.on("message", listener),
 * })
 */
export function serveAdapter(adapter: object, { send, receive }: Omit<AdapterChannel, "closed">): void {
  const methods = new Map(Object.entries(adapter).filter(isMethod))
  // The other end is remoteAdapter(), which sends only calls.
  receive((message) => void perform(methods, message as Call).then(send))
  const greeting: Greeting = { methods: [...methods.keys()], now: new Date() }
  send({ number: 0, value: greeting } satisfies Answer)
}

/**
 * Creates an adapter that runs in another process, which calls {@link serveAdapter}. Call this immediately after
 * starting that process, so that its first message is not missed.
 *
 * @returns The adapter, once it is served. Rejects with `invalid_option` for a channel that loses dates. After the
 * channel has closed, rejects with `store_failed`, and so do the adapter's methods. Otherwise they reject as the
 * adapter does: with the same message, and the code of an `AuthError`
 * @example
 * const child = fork("./serve-my-adapter.js", { serialization: "advanced" })
 * const adapter = await remoteAdapter<ReturnType<typeof myAdapter>>({
 *   send: (message) => child.send(message),
 *   receive: (listener) => child.on("message", listener),
 *   closed: once(child, "exit"),
 * })
 */
export async function remoteAdapter<Adapter extends object>(channel: AdapterChannel): Promise<Adapter> {
  const { answerTo } = listen(channel)
  // serveAdapter() sends the greeting first.
  const { methods, now } = (await answerTo(0)) as Greeting
  if (!isDate(now)) throw new AuthError("invalid_option", lostDates)
  let count = 0
  const remote = (method: string): Method => {
    return (...values) => {
      const number = ++count
      return answerTo(number, { number, method, values })
    }
  }
  // The remote adapter has exactly these methods.
  return Object.fromEntries(methods.map((method) => [method, remote(method)])) as Adapter
}

const lostDates =
  'channel: it turns dates into text; send structured clones, as fork() does with { serialization: "advanced" }'

function isMethod(entry: [string, unknown]): entry is [string, Method] {
  return typeof entry[1] === "function"
}

async function perform(methods: Map<string, Method>, { number, method, values }: Call): Promise<Answer> {
  try {
    return { number, value: await methods.get(method)?.(...values) }
  } catch (error) {
    return { number, failure: failureOf(error) }
  }
}

function failureOf(error: unknown): Failure {
  if (isAuthError(error)) return { message: error.message, code: error.code }
  return { message: isError(error) ? error.message : format(error), code: null }
}

/** Matches calls and answers by their numbers. */
function listen({ send, receive, closed }: AdapterChannel) {
  const waiting = new Map<number, (answer: Answer) => void>()
  let isClosed = false
  // The other end is serveAdapter(), which sends only answers.
  receive((message) => settle(message as Answer))
  const close = (): void => {
    isClosed = true
    for (const number of waiting.keys()) settle({ number, failure: gone })
  }
  closed?.then(close, close)

  function settle(answer: Answer): void {
    waiting.get(answer.number)?.(answer)
    waiting.delete(answer.number)
  }

  /** Sends a call, if there is one, and resolves to the value of its answer. */
  async function answerTo(number: number, call?: Call): Promise<unknown> {
    if (isClosed) throw errorOf(gone)
    const answered = new Promise<Answer>((resolve) => waiting.set(number, resolve))
    if (call) send(call)
    const { value, failure } = await answered
    if (failure) throw errorOf(failure)
    return value
  }

  return { answerTo }
}

function errorOf({ message, code }: Failure): Error {
  return code === null ? new Error(message) : new AuthError(code, message)
}
