# Sets a database up at the first start and runs it. It listens to the network only once it is set up.
case "${1:-}" in
-*) set -- postgres "$@" ;;
esac
[ "${1:-}" = postgres ] || exec "$@"
become postgres "$PGDATA" -- "$@"
shift
fill POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB
name=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$name}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	if [ -n "${POSTGRES_PASSWORD:-}" ]; then
		method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
		umask 077
		echo "$POSTGRES_PASSWORD" > /tmp/password
		initdb --username="$name" --pwfile=/tmp/password --auth-local=trust --auth-host="$method" --encoding=UTF8 --locale=C --no-instructions ${POSTGRES_INITDB_ARGS:-}
		rm /tmp/password
	elif [ "${POSTGRES_HOST_AUTH_METHOD:-}" = trust ]; then
		method=trust
		initdb --username="$name" --auth=trust --encoding=UTF8 --locale=C --no-instructions ${POSTGRES_INITDB_ARGS:-}
	else
		echo "set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust" >&2
		exit 1
	fi
	echo "host all all all $method" >> "$PGDATA/pg_hba.conf"
	if [ "$database" != postgres ]; then
		echo "CREATE DATABASE \"$database\"" | postgres --single -D "$PGDATA" postgres
	fi
	if [ -n "$(ls /docker-entrypoint-initdb.d)" ]; then
		pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -c unix_socket_directories=/tmp -c jit=off" -w start
		for file in /docker-entrypoint-initdb.d/*; do
			echo "run $file"
			case "$file" in
			*.sh) PGHOST=/tmp sh "$file" ;;
			*.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc -h /tmp -U "$name" -d "$database" -f "$file" ;;
			*) echo "leave $file: neither .sh nor .sql" ;;
			esac
		done
		pg_ctl -D "$PGDATA" -m fast -w stop
	fi
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql,/tmp -c jit=off "$@"
