# The steps of .ci/run, each a function or an npm command. Sourced by .ci/run and .ci/step, which set $work and
# $results.

# The commands that the README promises, unchanged.
readme_has() {
  grep -qxF "$1" README.md || { echo "README.md no longer says: $1" >&2; return 1; }
}

readme_test() {
  readme_has "npm install && npm test" && npm install &&
    tests test "$results/tests.json" --reporter=./test/run-report.ts
}

# Prisma is too large to install with the rest.
prisma_tests() {
  tests test:prisma "$results/prisma.json"
}

# Lucia's own adapters, on the drivers and ORMs that they were written for.
lucia_tests() {
  tests test:lucia "$results/lucia.json"
}

# The adapters of Lucia v2, and the frameworks that its middleware supports.
lucia_v2_tests() {
  tests test:lucia-v2 "$results/lucia-v2.json"
}

# PGlite, Bun and the local runtime of Cloudflare D1 are also too large.
drivers_tests() {
  tests test:drivers "$results/drivers.json"
}

# Older versions of drivers and ORMs that applications still use.
older_tests() {
  tests test:older "$results/older.json"
}

# Test runners that load an application in another realm.
runners_tests() {
  tests test:runners "$results/runners.json"
}

# One suite on every runtime, with the packed package. The short form runs only the most common runtimes.
runtimes_tests() {
  tests test:runtimes "$results/runtimes.json"
}

# Whole applications, built with the packed package and driven by a browser. The short form runs one of Lucia's.
next_tests() {
  tests test:next "$results/next.json" --reporter=./test/run-report.ts \
    ${NIGHTLATCH_SHORT:+--exclude "test/apps/next/$others_of_lucia.test.ts"}
}
others_of_lucia='{example-lucia-v2-next-app-browser,example-lucia-v3-app,example-lucia-v3-pages,migrated-lucia-v3-pages}'

# The applications of docs/getting-started, over HTTP and in a browser. The short form runs only the most common
# frameworks.
frameworks_tests() {
  tests test:frameworks "$results/frameworks.json" --reporter=./test/run-report.ts \
    ${NIGHTLATCH_SHORT:+hono express sveltekit}
}

# The code on the pages of docs, compiled and run, and the tables that the command prints.
docs_tests() {
  tests test:docs "$results/docs.json" --reporter=./test/run-report.ts
}

# The site built from docs, its links and its pages in a browser.
site_tests() {
  tests test:site "$results/site.json" --reporter=./test/run-report.ts
}

# Random histories and interleavings, with deliberate bugs that they must find.
faults_tests() {
  tests test:faults "$results/faults.json" --reporter=./test/run-report.ts
}

# Runs tests with an npm command, which must skip none, and keeps their results.
tests() {
  CI=true npm run "$1" -- --reporter=default --reporter=json --outputFile.json="$2" "${@:3}"
}

readme_start() {
  readme_has "npm install && npm start" &&
    DATABASE="$work/app.db" node .ci/smoke.mjs "npm install && npm start"
}

# Installs what a user's machine would install: without our settings and without a cache.
clean_install() {
  mkdir "$work/clone" && copy_sources "$work/clone" &&
    (cd "$work/clone" && npm ci --userconfig /dev/null --cache "$work/cache" && npm run build) &&
    same_package . "$work/clone" &&
    rm -rf "$work/clone" "$work/cache"
}

# Excludes files that concurrent steps write.
copy_sources() {
  tar --exclude=./dist --exclude=./.git --exclude=node_modules --exclude=.screenshots \
    --exclude=./docs/.vitepress/cache --exclude=./docs/.vitepress/dist --exclude=./docs/reference/api -cf - . | tar -xf - -C "$1"
}

# Anyone can rebuild the published package byte for byte, wherever they build it.
same_package() {
  local folder sums=()
  for folder in "$@"; do
    sums+=("$(cd "$folder" && npm pack --dry-run --ignore-scripts --json 2>/dev/null | grep -o '"integrity": "[^"]*"')")
  done
  [ -n "${sums[0]}" ] && [ "${sums[0]}" = "${sums[1]}" ] || { echo "Two builds differ: ${sums[*]}" >&2; return 1; }
}
