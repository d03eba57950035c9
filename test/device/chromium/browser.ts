import { chromium } from "playwright-core"
import type { Browser, BrowserContext, Page } from "playwright-core"
import { expect } from "vitest"
import { chromiumPath } from "../../machine.ts"
import type { Certificate } from "./certificate.ts"

/** A page of a browser. */
export interface Tab {
  page: Page
  /** What the browser has done about bound sessions since the tab was opened. */
  reports: string[]
}

/** What Chromium tells about a bound session. */
interface DeviceEvent {
  creationEventDetails?: { fetchResult: string }
  refreshEventDetails?: { refreshResult: string }
  challengeEventDetails?: { challengeResult: string }
  terminationEventDetails?: { deletionReason: string }
}

/** What a test chooses of a browser. */
export interface BrowserOptions {
  certificate: Certificate
  /** Whether it binds sessions. Default `true`. */
  binds?: boolean
  /** Whether it signs only six times in nine minutes. Default `false`. */
  quota?: boolean
}

/** The arguments that make Debian's Chromium bind sessions, with keys in software, and trust the test server. */
export function argumentsOf({ certificate, binds = true, quota = false }: BrowserOptions): string[] {
  const features = [
    `DeviceBoundSessions:RefreshQuota/${quota}`,
    "EnableBoundSessionCredentialsSoftwareKeysForManualTesting",
    "PersistDeviceBoundSessions",
  ]
  return [
    `--ignore-certificate-errors-spki-list=${certificate.spki}`,
    "--host-resolver-rules=MAP *.test 127.0.0.1",
    ...(binds ? [`--enable-features=${features.join(",")}`] : ["--disable-features=DeviceBoundSessions"]),
  ]
}

export function launch(options: BrowserOptions): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath, args: argumentsOf(options) })
}

/** Opens a browser whose profile lies in a folder. */
export function launchProfile(folder: string, options: BrowserOptions): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { executablePath: chromiumPath, args: argumentsOf(options) })
}

/** Opens a tab, and notes what the browser does about bound sessions, such as `refresh Refreshed`. */
export async function openTab(context: BrowserContext): Promise<Tab> {
  const page = await context.newPage()
  const reports: string[] = []
  const protocol = await context.newCDPSession(page)
  protocol.on("Network.deviceBoundSessionEventOccurred", (event) => reports.push(nameOf(event)))
  await protocol.send("Network.enable")
  await protocol.send("Network.enableDeviceBoundSessions", { enable: true })
  return { page, reports }
}

function nameOf(event: DeviceEvent): string {
  const { creationEventDetails, refreshEventDetails, challengeEventDetails, terminationEventDetails } = event
  if (creationEventDetails) return `creation ${creationEventDetails.fetchResult}`
  if (refreshEventDetails) return `refresh ${refreshEventDetails.refreshResult}`
  if (terminationEventDetails) return `termination ${terminationEventDetails.deletionReason}`
  return `challenge ${challengeEventDetails?.challengeResult}`
}

/** Presses a form's button, and resolves when the page that it leads to has loaded. */
export async function press(page: Page, form: string): Promise<void> {
  await Promise.all([page.waitForEvent("load"), page.click(`#${form} button`)])
}

/** Signs in by a form, and resolves when the browser has bound the session. */
export async function signIn({ page, reports }: Tab, own: string, user = "ada"): Promise<void> {
  const before = reports.filter((report) => report === "creation Success").length
  await page.goto(`${own}/form`)
  await press(page, user)
  await expect
    .poll(() => reports.filter((report) => report === "creation Success"), { timeout: 30_000 })
    .toHaveLength(before + 1)
}

/** Makes a browser's proof expire, as its clock would. */
export async function expireProof(context: BrowserContext): Promise<void> {
  await context.clearCookies({ name: /bound-device-/ })
}

/** Opens a page, and returns its title: who is signed in. */
export async function titleOf(page: Page, url: string): Promise<string> {
  await page.goto(url)
  return page.title()
}
