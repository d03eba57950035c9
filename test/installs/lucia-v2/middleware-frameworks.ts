import { createServer } from "node:http"
import { Elysia } from "elysia"
import express from "express"
import fastify from "fastify"
import { H3, toNodeHandler } from "h3"
import { createApp, createRouter, eventHandler, setCookie as setCookieV1, toNodeListener } from "h3-v1"
import { Hono } from "hono"
import { setCookie as setHonoCookie } from "hono/cookie"

/** A cookie of the application's own, whose date has a comma. */
export const theme = "theme=dark; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT"
/** Another, set after the session's. */
export const lang = "lang=en; Path=/"

/**
 * The application, the same under every framework: `steps` maps a path to what is done with the request's AuthRequest.
 * Each framework sets `theme` before the step and `lang` after it, in the way that is its own.
 */
export const frameworks = {
  node: {
    middleware: "node",
    serve: (auth, steps) =>
      listen(
        createServer(async (req, res) => {
          res.setHeader("Set-Cookie", theme)
          const body = await steps[req.url!](auth.handleRequest(req, res))
          res.appendHeader("Set-Cookie", lang)
          res.end(JSON.stringify(body))
        }),
      ),
  },
  express: {
    middleware: "express",
    serve(auth, steps) {
      const app = express()
      app.use(async (req, res) => {
        res.append("Set-Cookie", theme)
        const body = await steps[req.path](auth.handleRequest(req, res))
        res.cookie("lang", "en")
        res.json(body)
      })
      return listen(createServer(app))
    },
  },
  fastify: {
    middleware: "fastify",
    serve(auth, steps) {
      const app = fastify()
      app.all("/*", async (req, reply) => {
        reply.header("Set-Cookie", theme)
        const body = await steps[req.url!](auth.handleRequest(req, reply))
        reply.header("Set-Cookie", lang)
        return reply.send(JSON.stringify(body))
      })
      return app.ready().then(() => listen(app.server))
    },
  },
  "h3 1": {
    middleware: "h3",
    serve(auth, steps) {
      const router = createRouter()
      const handler = eventHandler(async (event) => {
        event.node.res.appendHeader("Set-Cookie", theme)
        const body = await steps[event.path](auth.handleRequest(event))
        setCookieV1(event, "lang", "en", { path: "/" })
        return body ?? "null"
      })
      for (const path of Object.keys(steps)) router.use(path, handler)
      return listen(createServer(toNodeListener(createApp().use(router))))
    },
  },
  "h3 2": {
    middleware: "h3",
    serve(auth, steps) {
      const app = new H3()
      app.all("/**", async (event) => {
        event.res.headers.append("Set-Cookie", theme)
        const body = await steps[event.url.pathname](auth.handleRequest(event))
        event.res.headers.append("Set-Cookie", lang)
        return Response.json(body)
      })
      return listen(createServer(toNodeHandler(app)))
    },
  },
  hono: {
    middleware: "hono",
    serve(auth, steps) {
      const app = new Hono().onError((_, c) => c.text("", 500))
      app.all("*", async (c) => {
        c.header("Set-Cookie", theme, { append: true })
        const body = await steps[c.req.path](auth.handleRequest(c))
        setHonoCookie(c, "lang", "en")
        return c.json(body)
      })
      return serveWeb((request) => app.fetch(request))
    },
  },
  "elysia, cookies by header": {
    middleware: "elysia",
    serve(auth, steps) {
      const app = new Elysia()
      app.all("/*", async (context) => {
        context.set.headers["set-cookie"] = theme
        const body = await steps[context.path](auth.handleRequest(context))
        context.set.headers["set-cookie"] = [context.set.headers["set-cookie"], lang].flat()
        return JSON.stringify(body)
      })
      return serveWeb((request) => app.handle(request))
    },
  },
  "elysia, cookies by jar": {
    middleware: "elysia",
    serve(auth, steps) {
      const app = new Elysia()
      app.all("/*", async (context) => {
        context.cookie.theme.set({ value: "dark", path: "/", expires: new Date("2099-10-21T07:28:00Z") })
        const body = await steps[context.path](auth.handleRequest(context))
        context.cookie.lang.set({ value: "en", path: "/" })
        return JSON.stringify(body)
      })
      return serveWeb((request) => app.handle(request))
    },
  },
}

/** Serves a handler of the Web's `Request` over HTTP. */
export function serveWeb(handle) {
  const server = createServer(async (req, res) => {
    const url = `http://${req.headers.host}${req.url}`
    const response = await handle(new Request(url, { method: req.method, headers: req.headers as HeadersInit }))
    const headers = [...response.headers].filter(([name]) => name !== "set-cookie")
    for (const [name, value] of headers) res.setHeader(name, value)
    res.setHeader("Set-Cookie", response.headers.getSetCookie())
    res.writeHead(response.status).end(await response.text())
  })
  return listen(server)
}

async function listen(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => server.close(resolve) && server.closeAllConnections()),
  }
}
