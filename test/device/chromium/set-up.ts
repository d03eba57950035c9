import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser } from "playwright-core"
import { afterAll, afterEach, beforeAll } from "vitest"
import { hosts, startApplication } from "./application.ts"
import type { Application, ApplicationOptions } from "./application.ts"
import { launch, openTab } from "./browser.ts"
import type { BrowserOptions, Tab } from "./browser.ts"
import { makeCertificate } from "./certificate.ts"

/** One certificate for all servers and browsers of a test file. */
export const certificate = makeCertificate(Object.values(hosts))

/** What a test chooses of an application and of the browser that visits it. */
export type Choices = Omit<ApplicationOptions, "certificate" | "folder"> & Omit<BrowserOptions, "certificate">

/**
 * Makes the function that starts an application and opens a browser without cookies. Browsers are launched once for each kind;
 * what was opened is closed after each test.
 */
export function useChromium() {
  const browsers = new Map<string, Promise<Browser>>()
  const opened: (() => Promise<unknown>)[] = []

  beforeAll(() => launched({}))
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close()
  })
  afterAll(async () => {
    for (const browser of browsers.values()) await (await browser).close()
  })

  function launched(options: Omit<BrowserOptions, "certificate">): Promise<Browser> {
    const kind = JSON.stringify(options)
    const browser = browsers.get(kind) ?? launch({ certificate, ...options })
    browsers.set(kind, browser)
    return browser
  }

  async function makeFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "nightlatch-chromium-"))
    opened.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
    return folder
  }

  async function openContext(options: Omit<BrowserOptions, "certificate"> = {}) {
    const context = await (await launched(options)).newContext()
    context.setDefaultTimeout(30_000)
    opened.push(() => context.close())
    return context
  }

  async function open({ binds = true, quota = false, ...choices }: Choices = {}) {
    const app: Application = await startApplication({ certificate, folder: await makeFolder(), ...choices })
    opened.push(() => app.stop())
    const context = await openContext(binds && !quota ? {} : { binds, quota })
    const tab: Tab = await openTab(context)
    return { app, context, tab, ...tab }
  }

  return { open, openContext, makeFolder, onEnd: (close: () => Promise<unknown>) => opened.push(close) }
}
