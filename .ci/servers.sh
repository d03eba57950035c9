# Throw-away databases for the tests, and a browser. Sourced by .ci/run, which sets $work.
# A server that NIGHTLATCH_POSTGRES_URL or NIGHTLATCH_MYSQL_URL names, or that answers where the tests look first, is used.

postgres_bin=
mariadb_socket=

start_servers() {
  [ -n "${NIGHTLATCH_POSTGRES_URL:-}" ] || postgres_answers || start_postgres
  [ -n "${NIGHTLATCH_MYSQL_URL:-}" ] || mariadb_answers || start_mariadb
  # The tests start and stop their own, also a cluster.
  command -v redis-server >/dev/null || install_packages redis-server
}

stop_servers() {
  if [ -n "$postgres_bin" ]; then
    as postgres "$postgres_bin/pg_ctl" -D "$work/postgres" -m fast -w stop >/dev/null || true
  fi
  if [ -n "$mariadb_socket" ]; then
    mariadb-admin --no-defaults -uroot -S "$mariadb_socket" shutdown || true
  fi
}

find_chromium() {
  local name
  for name in "${CHROMIUM_PATH:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then
      CHROMIUM_PATH=$(command -v "$name")
      export CHROMIUM_PATH
      echo "The browser is $CHROMIUM_PATH"
      return
    fi
  done
  install_packages chromium
  find_chromium
}

postgres_answers() {
  command -v psql >/dev/null &&
    PGCONNECT_TIMEOUT=2 psql -w -h 127.0.0.1 -U postgres -d test -c "select 1" >/dev/null 2>&1 &&
    echo "PostgreSQL answers on 127.0.0.1:5432"
}

mariadb_answers() {
  command -v mariadb >/dev/null &&
    mariadb --no-defaults --connect-timeout=2 -h 127.0.0.1 -uroot test -e "select 1" >/dev/null 2>&1 &&
    echo "MariaDB answers on 127.0.0.1:3306"
}

start_postgres() {
  local port bin
  find_postgres >/dev/null || install_packages postgresql
  bin=$(find_postgres)
  port=$(free_port)
  make_folder postgres "$work/postgres"
  as postgres "$bin/initdb" -D "$work/postgres" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 >/dev/null
  as postgres "$bin/pg_ctl" -D "$work/postgres" -w -l "$work/postgres/log" \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$work/postgres -c fsync=off" start >/dev/null
  postgres_bin=$bin
  as postgres "$bin/createdb" -h 127.0.0.1 -p "$port" -U postgres test
  export NIGHTLATCH_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/test"
  echo "PostgreSQL runs at $NIGHTLATCH_POSTGRES_URL"
}

find_postgres() {
  if command -v initdb >/dev/null; then dirname "$(readlink -f "$(command -v initdb)")"; return; fi
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -x "$found/initdb" ] && echo "$found"
}

start_mariadb() {
  local port data=$work/mariadb
  command -v mariadbd >/dev/null || install_packages mariadb-server
  port=$(free_port)
  make_folder mysql "$data"
  local options=(--no-defaults "--datadir=$data")
  if is_root; then options+=(--user=mysql); fi
  mariadb-install-db "${options[@]}" --auth-root-authentication-method=normal --skip-test-db >/dev/null
  mariadbd "${options[@]}" --bind-address=127.0.0.1 "--port=$port" "--socket=$data/socket" "--pid-file=$data/pid" \
    --innodb-flush-log-at-trx-commit=0 --skip-log-bin --skip-name-resolve >"$work/mariadb.log" 2>&1 &
  mariadb_socket=$data/socket
  wait_for mariadb-admin --no-defaults -uroot -S "$mariadb_socket" ping || { cat "$work/mariadb.log" >&2; return 1; }
  mariadb --no-defaults -uroot -S "$mariadb_socket" -e \
    "CREATE DATABASE test; CREATE USER test@127.0.0.1 IDENTIFIED BY 'test'; GRANT ALL ON *.* TO test@127.0.0.1"
  export NIGHTLATCH_MYSQL_URL="mysql://test:test@127.0.0.1:$port/test"
  echo "MariaDB runs at $NIGHTLATCH_MYSQL_URL"
}

install_packages() {
  is_root || { echo "Please install $* or run this as root." >&2; return 1; }
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

is_root() {
  [ "$(id -u)" = 0 ]
}

# The servers refuse to run as root.
as() {
  local user=$1
  shift
  if is_root; then (cd / && setpriv --reuid="$user" --regid="$user" --init-groups "$@"); else "$@"; fi
}

make_folder() {
  if is_root; then install -d -o "$1" -m 700 "$2"; else install -d -m 700 "$2"; fi
}

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

wait_for() {
  local _
  for _ in $(seq 100); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  return 1
}
