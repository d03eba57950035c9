# Temporary servers for the tests, and a browser. Sourced by scripts that set $work, a folder that other users may
# enter. If an environment variable names a server, or one answers where the tests look first, it is used instead.

# Debian's folder of mariadbd, which is not on every user's path.
PATH=$PATH:/usr/sbin
declare -A server_pids=() server_signals=()

start_servers() {
  local kind missing=()
  for kind in postgres pgbouncer mariadb redis redis_cluster galera; do
    "has_$kind" || "start_$kind" || missing+=("$kind")
  done
  [ ${#missing[@]} = 0 ] || { echo "Could not be started: ${missing[*]}" >&2; return 1; }
}

stop_servers() {
  local name
  for name in "${!server_pids[@]}"; do stop_server "$name"; done
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

has_postgres() {
  [ -n "${NIGHTLATCH_POSTGRES_URL:-}" ] || {
    command -v psql >/dev/null &&
      PGCONNECT_TIMEOUT=2 psql -w -h 127.0.0.1 -U postgres -d test -c "select 1" >/dev/null 2>&1 &&
      echo "PostgreSQL answers on 127.0.0.1:5432"
  }
}

has_pgbouncer() {
  [ -n "${NIGHTLATCH_PGBOUNCER_URLS:-}" ]
}

has_mariadb() {
  [ -n "${NIGHTLATCH_MYSQL_URL:-}" ] || {
    command -v mariadb >/dev/null &&
      mariadb --no-defaults --connect-timeout=2 -h 127.0.0.1 -uroot test -e "select 1" >/dev/null 2>&1 &&
      echo "MariaDB answers on 127.0.0.1:3306"
  }
}

has_redis() {
  [ -n "${NIGHTLATCH_REDIS_URL:-}" ]
}

has_redis_cluster() {
  [ -n "${NIGHTLATCH_REDIS_CLUSTER_URLS:-}" ]
}

has_galera() {
  [ -n "${NIGHTLATCH_GALERA_URLS:-}" ]
}

start_postgres() {
  find_postgres >/dev/null || install_packages postgresql || return
  postgres_bin=$(find_postgres)
  postgres_port=$(free_port)
  make_folder postgres "$work/postgres"
  as postgres "$postgres_bin/initdb" -D "$work/postgres" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 \
    >/dev/null || return
  run_postgres && as postgres "$postgres_bin/createdb" -h 127.0.0.1 -p "$postgres_port" -U postgres test || return
  export NIGHTLATCH_POSTGRES_URL="postgres://postgres@127.0.0.1:$postgres_port/test"
  echo "PostgreSQL runs at $NIGHTLATCH_POSTGRES_URL"
}

run_postgres() {
  run_server postgres postgres INT "$postgres_bin/postgres" -D "$work/postgres" -p "$postgres_port" \
    -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$work/postgres" -c fsync=off
  wait_for postgres as postgres "$postgres_bin/pg_isready" -q -h 127.0.0.1 -p "$postgres_port"
}

find_postgres() {
  if command -v initdb >/dev/null; then dirname "$(readlink -f "$(command -v initdb)")"; return; fi
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -x "$found/initdb" ] && echo "$found"
}

# Two PgBouncers in front of PostgreSQL: one in transaction mode, where each transaction may get another server
# connection, and one in session mode. They serve every database.
start_pgbouncer() {
  command -v pgbouncer >/dev/null || install_packages pgbouncer || return
  local mode port urls=()
  make_folder postgres "$work/pgbouncer"
  for mode in transaction session; do
    port=$(free_port)
    pgbouncer_settings "$mode" "$port" >"$work/pgbouncer/$mode.ini"
    run_server "pgbouncer-$mode" postgres INT pgbouncer "$work/pgbouncer/$mode.ini"
    wait_for "pgbouncer-$mode" answers "$port" || return
    urls+=("postgres://postgres@127.0.0.1:$port/test")
  done
  NIGHTLATCH_PGBOUNCER_URLS=$(joined "${urls[@]}")
  export NIGHTLATCH_PGBOUNCER_URLS
  echo "PgBouncer runs at $NIGHTLATCH_PGBOUNCER_URLS"
}

pgbouncer_settings() {
  cat <<END
[databases]
* = $(postgres_address "${NIGHTLATCH_POSTGRES_URL:-postgres://postgres@127.0.0.1:5432/test}")
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $2
unix_socket_dir =
auth_type = any
pool_mode = $1
default_pool_size = 5
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
END
}

# Formats a server's address for PgBouncer.
postgres_address() {
  node -e 'const u = new URL(process.argv[1]); console.log(`host=${u.hostname} port=${u.port || 5432} user=${u.username}` + (u.password && ` password=${u.password}`))' "$1"
}

start_mariadb() {
  command -v mariadbd >/dev/null || install_packages mariadb-server || return
  mariadb_port=$(free_port)
  make_mariadb mariadb && run_mariadb && open_mariadb mariadb || return
  export NIGHTLATCH_MYSQL_URL="mysql://test:test@127.0.0.1:$mariadb_port/test"
  echo "MariaDB runs at $NIGHTLATCH_MYSQL_URL"
}

run_mariadb() {
  run_mariadbd mariadb "$mariadb_port" --skip-log-bin && wait_for mariadb mariadb_says mariadb "select 1" .
}

make_mariadb() {
  make_folder mysql "$work/$1"
  as mysql mariadb-install-db --no-defaults "--datadir=$work/$1" --auth-root-authentication-method=normal \
    --skip-test-db >/dev/null
}

# Committed data outlives the process, but perhaps not the machine.
run_mariadbd() {
  local data=$work/$1
  run_server "$1" mysql TERM mariadbd --no-defaults "--datadir=$data" --bind-address=127.0.0.1 "--port=$2" \
    "--socket=$data/socket" "--pid-file=$data/pid" --innodb-flush-log-at-trx-commit=2 --skip-name-resolve "${@:3}"
}

open_mariadb() {
  mariadb --no-defaults -uroot -S "$work/$1/socket" -e \
    "CREATE DATABASE test; CREATE USER test@127.0.0.1 IDENTIFIED BY 'test'; GRANT ALL ON *.* TO test@127.0.0.1"
}

mariadb_says() {
  mariadb --no-defaults -uroot -S "$work/$1/socket" -N -e "$2" 2>/dev/null | grep -q "$3"
}

start_redis() {
  command -v redis-server >/dev/null || install_packages redis-server || return
  local port
  port=$(free_port)
  run_redis redis "$port" || return
  export NIGHTLATCH_REDIS_URL="redis://127.0.0.1:$port"
  echo "Redis runs at $NIGHTLATCH_REDIS_URL"
}

start_redis_cluster() {
  command -v redis-server >/dev/null || install_packages redis-server || return
  local n port addresses=() urls=()
  for n in 0 1 2; do
    port=$(free_port)
    run_redis "redis-cluster-$n" "$port" --cluster-enabled yes --cluster-port "$(free_port)" || return
    addresses+=("127.0.0.1:$port")
    urls+=("redis://127.0.0.1:$port")
  done
  redis-cli --cluster create "${addresses[@]}" --cluster-yes >"$work/redis-cluster.log" || return
  NIGHTLATCH_REDIS_CLUSTER_URLS=$(joined "${urls[@]}")
  export NIGHTLATCH_REDIS_CLUSTER_URLS
  echo "A Redis Cluster runs at $NIGHTLATCH_REDIS_CLUSTER_URLS"
}

run_redis() {
  mkdir -p "$work/$1"
  run_server "$1" "" TERM redis-server --port "$2" --bind 127.0.0.1 --save "" --appendonly no --dir "$work/$1" "${@:3}"
  wait_for "$1" redis-cli -p "$2" ping
}

start_galera() {
  command -v mariadbd >/dev/null && command -v rsync >/dev/null && find_galera >/dev/null ||
    install_packages mariadb-server galera-4 rsync || return
  galera_ports=()
  local n urls=()
  for n in 0 1; do
    # Ports for clients, for the other node, and for the two ways to send it the data.
    galera_ports+=("$(free_port)" "$(free_port)" "$(free_port)" "$(free_port)")
    urls+=("mysql://test:test@127.0.0.1:${galera_ports[4 * n]}/test")
    make_mariadb "galera-$n" || return
  done
  run_galera 0 gcomm:// && open_mariadb galera-0 && run_galera 1 || return
  NIGHTLATCH_GALERA_URLS=$(joined "${urls[@]}")
  export NIGHTLATCH_GALERA_URLS
  echo "A Galera cluster runs at $NIGHTLATCH_GALERA_URLS"
}

# Without an address, the node joins the other one.
run_galera() {
  local name=galera-$1 port=${galera_ports[4 * $1]} group=${galera_ports[4 * $1 + 1]} other=${galera_ports[5 - 4 * $1]}
  local increments=${galera_ports[4 * $1 + 2]} transfer=${galera_ports[4 * $1 + 3]}
  run_mariadbd "$name" "$port" --binlog-format=ROW --innodb-autoinc-lock-mode=2 --wsrep-on=ON \
    "--wsrep-provider=$(find_galera)" --wsrep-cluster-name=nightlatch "--wsrep-node-name=$name" \
    --wsrep-node-address=127.0.0.1 "--wsrep-cluster-address=${2:-gcomm://127.0.0.1:$other}" \
    --wsrep-sst-method=rsync "--wsrep-sst-receive-address=127.0.0.1:$transfer" \
    "--wsrep-provider-options=base_port=$group;gmcast.listen_addr=tcp://127.0.0.1:$group;ist.recv_addr=127.0.0.1:$increments;gcache.size=32M"
  wait_for "$name" mariadb_says "$name" "SHOW STATUS LIKE 'wsrep_ready'" ON
}

find_galera() {
  local file
  for file in /usr/lib/galera/libgalera_smm.so /usr/lib*/galera*/libgalera_smm.so; do
    if [ -f "$file" ]; then echo "$file"; return; fi
  done
  return 1
}

# Starts a process that stop_server ends. Arguments: its name, its user if root must not run it, the signal that stops
# it, and the command.
run_server() {
  local name=$1 user=$2 signal=$3 drop=()
  shift 3
  if [ -n "$user" ] && is_root; then drop=(setpriv "--reuid=$user" "--regid=$user" --init-groups); fi
  (cd / && exec "${drop[@]}" "$@") >>"$work/$name.log" 2>&1 </dev/null &
  server_pids[$name]=$!
  server_signals[$name]=$signal
}

stop_server() {
  [ -n "${server_pids[$1]:-}" ] || return 0
  kill -s "${2:-${server_signals[$1]}}" "${server_pids[$1]}" 2>/dev/null || true
  wait "${server_pids[$1]}" 2>/dev/null || true
  unset "server_pids[$1]"
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

answers() {
  node -e 'require("net").connect(process.argv[1], "127.0.0.1").on("connect", () => process.exit()).on("error", () => process.exit(1))' "$1"
}

joined() {
  local IFS=,
  echo "$*"
}

# Waits until a server, by its name, can do something.
wait_for() {
  local name=$1 _
  shift
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then return; fi
    kill -0 "${server_pids[$name]}" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 30 "$work/$name.log" >&2
  return 1
}
