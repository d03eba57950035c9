import { afterAll, beforeAll, describe } from "vitest"
import { testSignInFlow } from "./http-flow.ts"
import { buildPageApp } from "./page-app.ts"
import type { PageApp, PageAppOptions } from "./page-app.ts"
import type { RunningApp } from "../running-app.ts"

/** What a running application of a page is tested by. */
export interface Visit {
  app(): PageApp
  running(): RunningApp
}

/** Builds the application of a page of docs/, starts it, and tests it over HTTP and by whatever else `more` adds. */
export function describePage(page: string, options: PageAppOptions, more?: (visit: Visit) => void): void {
  describe(`the application of docs/${page}`, () => {
    let app: PageApp
    let running: RunningApp

    beforeAll(async () => {
      app = await buildPageApp(page, options)
      running = await app.start()
    })
    afterAll(async () => {
      await running?.stop()
      await app?.remove()
    })

    testSignInFlow(() => running, options)
    more?.({ app: () => app, running: () => running })
  })
}
