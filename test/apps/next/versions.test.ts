import { execFile } from "node:child_process"
import { cp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { root } from "../../package/tarball.ts"
import { variants } from "./fixture-app.ts"
import { lintApp } from "./next-app.ts"
import { cookieName, useFixture } from "./running-fixture.ts"

const run = promisify(execFile)
const lifetime = 90 * 86_400

describe.each(variants)("Next.js %s", (variant) => {
  const { app, output, visitor, member, control } = useFixture(variant)
  const isCached = variant === "16 with Cache Components"

  test("a user signs up by an action, leaves, and signs in again", async () => {
    const carla = visitor()
    const account = { username: "carla", password: "correct horse battery" }
    const signedUp = await carla.submit("/sign-in", "sign-up", account)
    expect([signedUp.status, signedUp.location]).toEqual([303, "/profile"])
    expect((await carla.get("/profile")).body).toContain("Profile of carla-name")

    const left = await carla.submit("/form", "signOutAndLeave")
    expect([left.status, left.location]).toEqual([303, "/sign-in"])
    expect((await carla.get("/profile")).location).toMatch(/\/sign-in\?next=%2Fprofile$/)

    const refused = await carla.submit("/sign-in", "sign-in", { ...account, password: "wrong horse" })
    expect([refused.status, refused.setCookie]).toEqual([200, []])
    const signedIn = await carla.submit("/sign-in", "sign-in", account)
    expect(signedIn.location).toBe("/profile")
    expect((await carla.get("/profile")).body).toContain("Profile of carla-name")
  })

  test("[COO-1] an action sets the cookie with every attribute, and deletes it with the same ones", async () => {
    const browser = visitor()
    const [created = ""] = (await browser.submit("/form", "signInAndStay", { username: "ada" })).setCookie
    const { value, attributes } = readCookie(created)
    expect(value).toMatch(/^[a-z2-7]{32,}$/)
    expect(attributes).toMatchObject({ path: "/", secure: "", httponly: "", samesite: "lax", "max-age": `${lifetime}` })

    const deleted = readCookie((await browser.submit("/form", "signOutAndStay")).setCookie[0])
    expect(deleted.value).toBe("")
    expect(deleted.attributes).toEqual({
      path: "/",
      expires: "Thu, 01 Jan 1970 00:00:00 GMT",
      "max-age": "0",
      secure: "",
      httponly: "",
      samesite: "lax",
    })
  })

  test("a session that is not remembered ends with the browser", async () => {
    const [remembered] = (await visitor().post("/api/remember?remember=yes", "")).setCookie
    const [forgotten] = (await visitor().post("/api/remember", "")).setCookie
    expect(Object.keys(readCookie(remembered).attributes)).toContain("max-age")
    expect(Object.keys(readCookie(forgotten).attributes).toSorted()).toEqual(["httponly", "path", "samesite", "secure"])
  })

  test("a route handler answers 401, 403 and 200, and keeps every answer from caches [COO-9]", async () => {
    const [nobody, bob, ada] = [visitor(), await member("bob"), await member("ada")]
    const answers = await Promise.all([nobody, bob, ada].map((browser) => browser.get("/api/admin")))
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 200])
    for (const { headers } of answers) {
      expect(headers.get("Cache-Control")).toBe("private, no-store")
      expect(headers.get("Vary")).toMatch(/\bCookie\b/)
    }
  })

  test("a route handler's params need no await", async () => {
    expect((await visitor().get("/api/items/42")).body).toBe('{"id":"42"}')
  })

  test("[NXT-3] pages and API routes of the Pages Router share the session, and keep other cookies", async () => {
    const browser = visitor()
    expect((await browser.get("/bare/old/profile")).location).toBe("/sign-in")
    expect((await browser.get("/api/old/me")).status).toBe(401)
    const signedIn = await browser.post("/api/old/sign-in?username=bob")
    expect(signedIn.setCookie.slice(0, 2)).toEqual(["theme=dark; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "language=de"])
    expect((await browser.get("/old/profile")).body).toContain("Old profile of bob-name")
    expect((await browser.get("/profile")).body).toContain("Profile of bob-name")
    expect((await browser.get("/api/old/me")).headers.get("Cache-Control")).toBe("private, no-store")
    expect((await browser.get("/api/old/admin")).status).toBe(403)
    expect((await browser.post("/api/old/sign-out")).status).toBe(204)
    expect((await browser.get("/bare/old/profile")).location).toBe("/sign-in")
  })

  test("verifySession() and serverAction() turn members away by `authorize`", async () => {
    const [bob, ada] = [await member("bob"), await member("ada")]
    expect((await ada.get("/admin")).body).toContain("Administration by ada-name")
    expect((await bob.get("/admin")).body).not.toContain("Administration by")
    expect((await ada.get("/staff")).body).toContain("Staff of ada-name")
    expect((await bob.get("/staff")).body).not.toContain("Staff of")
    await control()
    await bob.submit("/form", "administer")
    expect((await bob.submit("/form", "manageStaff")).location).toBe("/forbidden")
    expect((await visitor().submit("/form", "administer")).location).toBe("/sign-in")
    await ada.submit("/form", "administer")
    expect((await control()).done).toEqual(["ada administered"])
  })

  test.skipIf(isCached)("verifySession() answers 404, or redirects to `forbiddenPath` or `signInPath`", async () => {
    const bob = await member("bob")
    expect((await bob.get("/admin")).status).toBe(404)
    expect((await bob.get("/staff")).location).toBe("/forbidden")
    expect((await bob.get("/guarded/admin")).location).toBe("/forbidden")
    const Cookie = `${cookieName}=${"a".repeat(32)}`
    expect((await visitor().get("/guarded/hall", { Cookie })).location).toBe("/sign-in")
    expect((await visitor().get("/bare/profile")).location).toBe("/sign-in")
  })

  test("protectedPage() guards pages and layouts, and hands on their props", async () => {
    const [ada, bob] = [await member("ada"), await member("bob")]
    const seen = (await ada.get("/guarded/hall?as=host")).body
    expect(seen).toContain("Guarded hall of ada-name as host")
    expect(seen).toContain("Layout of ada-name")
    expect((await ada.get("/guarded/admin")).body).toContain("Guarded administration by ada-name")
    expect((await bob.get("/guarded/admin")).body).not.toContain("Guarded administration")
    for (const path of ["/guarded/hall", "/guarded/admin"]) {
      const { body } = await visitor().get(path, { Cookie: `${cookieName}=${"a".repeat(32)}` })
      expect(body).not.toMatch(/Guarded (hall|admin)|Layout of/)
    }
  })

  test("a layout, a page and three components read the store once", async () => {
    const ada = await member("ada")
    await control()
    const { body } = await ada.get("/profile")
    for (const place of ["layout", "browser", "first", "second", "third"]) expect(body).toContain(`${place}:ada-name`)
    expect(await control()).toMatchObject({ reads: 1, extensions: 0, writes: 0 })
  })

  test("the render after an action sees what the action did", async () => {
    const browser = await member("bob")
    const stay = (form: string, fields = {}) => browser.submit("/form", form, fields)
    expect((await stay("signInAndStay", { username: "ada" })).body).toContain("layout:ada-name")
    expect((await stay("rotateAndStay")).body).toContain("layout:ada-name")
    expect((await browser.get("/profile")).body).toContain("Profile of ada-name")
    expect((await stay("signOutAndStay")).body).toContain("layout:nobody")
    expect((await stay("rawSignIn", { username: "bob" })).body).toContain("layout:bob-name")
    expect((await stay("rawRotate")).body).toContain("layout:bob-name")
    expect((await stay("rawSignOut")).body).toContain("layout:nobody")
    expect(browser.cookies.has(cookieName)).toBe(false)
  })

  test("a render after actions at the same time sees what the last one did", async () => {
    const browser = await member("ada")
    expect((await browser.submit("/form", "signOutBesideAnother")).body).toContain("layout:nobody")
  })

  test("a render that signs in, out or rotates is an error, and ends no session", async () => {
    const ada = await member("ada")
    await control()
    for (const method of ["rotate", "signOut", "signIn"]) {
      const { body } = await ada.get(`/rendered/${method}`)
      expect(new RegExp(`${method}:\\w+`).exec(body)?.[0]).toBe(`${method}:headers_sent`)
    }
    expect(await control()).toMatchObject({ writes: 0 })
    expect((await ada.get("/api/me")).status).toBe(200)
  })

  test("an action that a handler calls knows the handler's method", async () => {
    const browser = visitor()
    await browser.get("/api/linked/ada", { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" })
    expect((await browser.get("/api/me")).status).toBe(200)
  })

  test.skipIf(isCached)("the edge runtime signs in and knows who is signed in", async () => {
    const browser = visitor()
    expect((await browser.get("/api/edge")).status).toBe(401)
    expect((await browser.post("/api/edge")).status).toBe(204)
    expect((await browser.get("/api/edge")).body).toBe('{"user":{"id":"eve"}}')
  })

  test("files of public/, and pictures that Next.js makes of them, reach signed-out visitors", async () => {
    for (const path of ["/logo.png", "/_next/image?url=%2Flogo.png&w=32&q=75"]) {
      const { status, headers } = await visitor().get(path)
      expect([path, status, headers.get("Content-Type")]).toEqual([path, 200, expect.stringMatching(/^image\//)])
    }
  })

  test("a sign-in that nobody awaits is an error, and the server goes on", async () => {
    await control()
    const answers = [
      await visitor().get("/api/answers/forgotten"),
      await visitor().submit("/form", "forgetToAwait"),
      await visitor().get("/api/old/forgetful"),
      await visitor().get("/bare/old/forgetful"),
    ]
    expect(answers.map(({ status }) => status)).toEqual(Array(4).fill(500))
    expect(answers.slice(0, 3).flatMap(({ setCookie }) => setCookie)).toEqual([])
    expect(output().match(/Did you forget await\?/g)?.length).toBeGreaterThanOrEqual(4)
    expect((await visitor().get("/api/items/42")).status).toBe(200)
  })

  test("a Response that the application keeps carries nobody's cookie", async () => {
    for (const [how, cookies] of [
      ["signed-in-and-kept", 1],
      ["kept", 0],
      ["signed-in-and-kept", 1],
    ] as const) {
      const { location, setCookie } = await visitor().get(`/api/answers/${how}`)
      expect([how, location, setCookie.length]).toEqual([how, "/kept", cookies])
    }
  })

  test("a thrown Response is the answer, and keeps the cookie", async () => {
    const { status, location, headers, setCookie } = await visitor().get("/api/answers/thrown")
    expect([status, location, headers.get("Cache-Control")]).toEqual([303, "/thrown", "private, no-store"])
    expect(setCookie).toEqual([expect.stringContaining(`${cookieName}=`)])
  })

  test("Next.js reports a handler that returns nothing", async () => {
    expect((await visitor().get("/api/answers/nothing")).status).toBe(500)
    expect(output()).toContain("No response is returned from route handler")
  })

  test("the entries load in plain Node.js, where unit tests import them", async () => {
    const names = ["next", "next/pages", "next/proxy", "react"]
    const list = names.map((name) => `Object.keys(await import("nightlatch/${name}")).join()`)
    const { stdout } = await run(
      process.execPath,
      ["--input-type=module", "-e", `console.log([${list.join()}].join())`],
      {
        cwd: app().folder,
      },
    )
    expect(stdout.trim()).toBe("createNextAuth,createPagesAuth,createAuthProxy,createSessionContext")
  })

  test.runIf(variant === "14")("useSession() shows a value in React 18, and says what it cannot do", async () => {
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", rendering], { cwd: app().folder })
    expect(JSON.parse(stdout)).toEqual(["<b>ada</b>", "unsupported"])
  })

  test("a handler that uses the session and ends it reads the store once", async () => {
    const ada = await member("ada")
    await control()
    expect((await ada.post("/api/sign-out")).body).toContain("ada-name")
    expect(await control()).toMatchObject({ reads: 1, writes: 1 })
  })

  test("an action that uses the session and ends it reads the store once", async () => {
    const browser = await member("ada")
    const page = await browser.get("/form")
    expect(page.body).toContain("layout:ada-name")
    await control()
    await browser.submit("/form", "signOutAndLeave")
    // One read for the page that holds the form, one for the action.
    expect(await control()).toMatchObject({ reads: 2, writes: 1, done: ["ada left"] })
  })

  test("[NXT-5] the build marks every page that asks as dynamic", () => {
    const pages = ["admin", "bare/profile", "deep", "guarded/admin", "form", "profile", "staff"]
    for (const page of pages) expect(markOf(app().buildOutput, `/${page}`)).toMatch(isCached ? "◐" : "ƒ")
    expect(markOf(app().buildOutput, "/")).toBe("○")
    expect(markOf(app().buildOutput, "/old/profile")).toBe("ƒ")
  })

  test("[P7][NXT-2] no action of another site has an effect", async () => {
    const ada = await member("ada")
    await control()
    const actions = ["signInAndStay", "signOutAndStay", "rotateAndStay", "work", "workWithoutSession", "administer"]
    const raw = ["rawSignIn", "rawSignOut", "rawSetSession", "rawRotate"]
    for (const page of ["/form", "/bare/form"]) {
      for (const action of [...actions, ...raw]) {
        const answer = await ada.submit(page, action, { username: "bob" }, { "Sec-Fetch-Site": "cross-site" })
        expect([action, answer.setCookie]).toEqual([action, []])
        if (page === "/form") expect(answer.status).toBe(403)
      }
    }
    expect(await control()).toMatchObject({ writes: 0, done: [] })
    expect((await ada.get("/profile")).body).toContain("Profile of ada-name")
  })

  test("[COO-6] different values under the cookie's name sign nobody in", async () => {
    const [ada, bob] = [await member("ada"), await member("bob")]
    const [a, b] = [ada, bob].map(({ cookies }) => cookies.get(cookieName)) as [string, string]
    const encoded = `%${a.charCodeAt(0).toString(16)}${a.slice(1)}`
    for (const pair of [
      `${a}; ${cookieName}=${b}`,
      `${b}; ${cookieName}=${a}`,
      `${a}; ${cookieName}=${encoded}`,
      encoded,
    ]) {
      const Cookie = `${cookieName}=${pair}`
      expect((await visitor().get("/bare/form", { Cookie })).body).toContain("layout:nobody")
      expect((await visitor().get("/api/me", { Cookie })).status).toBe(401)
      expect((await visitor().get("/api/old/me", { Cookie })).status).toBe(401)
      expect((await visitor().get("/bare/old/profile", { Cookie })).location).toBe("/sign-in")
    }
    const Cookie = `${cookieName}=${a}; ${cookieName}=${a}`
    expect((await visitor().get("/form", { Cookie })).body).toContain("layout:ada-name")
    expect((await visitor().get("/api/me", { Cookie })).status).toBe(200)
  })

  test("the package compiles against the types of this Next.js", async () => {
    const folder = join(app().folder, "package-sources")
    await cp(join(root, "src"), join(folder, "src"), { recursive: true })
    await rm(join(folder, "src/next/lib/modules.d.ts"))
    await writeFile(join(folder, "tsconfig.json"), packageConfig)
    const compiler = join(app().folder, "node_modules/typescript/bin/tsc")
    const { stdout } = await run(process.execPath, [compiler, "-p", folder]).catch((error: unknown) => {
      return error as { stdout: string }
    })
    await rm(folder, { recursive: true })
    expect(stdout).toBe("")
  })

  test.runIf(isCached)("no prerender for a visitor meets the clock", async () => {
    const ada = await member("ada")
    for (const path of ["/profile", "/private", "/deep"]) await ada.get(path, { RSC: "1", "Next-Router-Prefetch": "1" })
    expect((await ada.get("/profile")).body).toContain("Profile of ada-name")
    expect(/.*unstable value.*/.exec(output())?.[0]).toBeUndefined()
  })

  test.runIf(isCached)(`"use cache: private" reads the store once for two calls`, async () => {
    const ada = await member("ada")
    await control()
    expect((await ada.get("/private")).body).toContain("Privately ada-name, again ada-name")
    expect((await control()).reads).toBe(1)
  })

  test.runIf(variant === "16")("the application is clean by the project's rules", async () => {
    expect(await lintApp(app().folder)).toBe("")
  })
})

/** Renders with the React that the application has. */
const rendering = `import { createElement } from "react"
import { renderToString } from "react-dom/server"
import { createSessionContext } from "nightlatch/react"

const { SessionProvider, useSession } = createSessionContext()
const Who = () => createElement("b", null, useSession()?.user.name ?? "nobody")
const show = (value) => renderToString(createElement(SessionProvider, { value }, createElement(Who)))

function codeOf(show) {
  try {
    return show()
  } catch ({ code }) {
    return code
  }
}

console.log(JSON.stringify([show({ user: { name: "ada" } }), codeOf(() => show(Promise.resolve(null)))]))
`

const packageConfig = JSON.stringify({
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2023", "DOM", "DOM.Iterable"],
    module: "esnext",
    moduleResolution: "bundler",
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    paths: { "#next/navigation": ["../node_modules/next/navigation"] },
    skipLibCheck: true,
    noEmit: true,
  },
  files: ["next.ts", "next/pages.ts", "next/proxy.ts", "react.ts"].map((name) => `src/${name}`),
})

function readCookie(header = "") {
  const [pair = "", ...rest] = header.split("; ")
  const attributes = rest.map((part) => part.split("=")).map(([name = "", value = ""]) => [name.toLowerCase(), value])
  return { value: pair.slice(pair.indexOf("=") + 1), attributes: Object.fromEntries(attributes) as object }
}

/** The sign that the build prints before a page. */
function markOf(output: string, page: string): string {
  const line = output.split("\n").find((line) => line.split(/\s+/)[2] === page)
  return line?.split(/\s+/)[1] ?? `no ${page}`
}
