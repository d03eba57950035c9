"use client"

import "./style.css"

/** Also shown when the database fails: a visitor whose session cannot be read is not signed out. */
export default function GlobalError() {
  return (
    <html lang="en">
      <body>
        <title>Back soon · Nightlatch example</title>
        <header>
          <a className="brand" href="/">
            nightlatch
          </a>
        </header>
        <main>
          <h1>Back soon</h1>
          <p>Something went wrong. Try again shortly.</p>
        </main>
      </body>
    </html>
  )
}
