# Sets a database up at the first start and runs it. Users are made before it listens to the network.
case "${1:-}" in
-*) set -- mariadbd "$@" ;;
esac
[ "${1:-}" = mariadbd ] || [ "${1:-}" = mysqld ] || exec "$@"
data=/var/lib/mysql
become mysql "$data" /run/mysqld -- "$@"
shift
for name in ROOT_PASSWORD DATABASE USER PASSWORD ROOT_HOST; do
	fill "MARIADB_$name" "MYSQL_$name"
	eval "$(echo "$name" | tr A-Z a-z)=\${MARIADB_$name:-\${MYSQL_$name:-}}"
done
empty=${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD:-${MYSQL_ALLOW_EMPTY_PASSWORD:-}}
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/''/g")"; }
if [ ! -d "$data/mysql" ]; then
	if [ -z "$root_password$empty${MARIADB_RANDOM_ROOT_PASSWORD:-${MYSQL_RANDOM_ROOT_PASSWORD:-}}" ]; then
		echo "set MARIADB_ROOT_PASSWORD, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1 or MARIADB_RANDOM_ROOT_PASSWORD=1 (or MYSQL_...)" >&2
		exit 1
	fi
	if [ -z "$root_password$empty" ]; then
		root_password=$(head -c 18 /dev/urandom | base64)
		echo "the password of root: $root_password"
	fi
	mariadb-install-db --datadir="$data" --skip-test-db --auth-root-authentication-method=normal --skip-log-bin >/dev/null
	umask 077
	{
		if [ -n "$database" ]; then echo "CREATE DATABASE IF NOT EXISTS \`$database\`;"; fi
		if [ -n "$user" ]; then
			echo "CREATE USER $(quoted "$user")@'%' IDENTIFIED BY $(quoted "$password");"
			if [ -n "$database" ]; then echo "GRANT ALL ON \`$database\`.* TO $(quoted "$user")@'%';"; fi
		fi
		echo "ALTER USER root@localhost IDENTIFIED BY $(quoted "$root_password");"
		if [ "${root_host:=%}" != localhost ]; then
			echo "CREATE USER root@$(quoted "$root_host") IDENTIFIED BY $(quoted "$root_password");"
			echo "GRANT ALL ON *.* TO root@$(quoted "$root_host") WITH GRANT OPTION;"
		fi
	} > "$data/.users.sql"
	if [ -n "$(ls /docker-entrypoint-initdb.d)" ]; then
		mariadbd --datadir="$data" --skip-networking --socket=/tmp/setup.sock &
		server=$!
		until mariadb --socket=/tmp/setup.sock -uroot -e "SELECT 1" >/dev/null 2>&1; do
			kill -0 $server || exit 1
			sleep 0.1
		done
		if [ -n "$database" ]; then mariadb --socket=/tmp/setup.sock -uroot -e "CREATE DATABASE \`$database\`"; fi
		for file in /docker-entrypoint-initdb.d/*; do
			echo "run $file"
			case "$file" in
			*.sh) sh "$file" ;;
			*.sql) mariadb --socket=/tmp/setup.sock -uroot ${database:+"$database"} < "$file" ;;
			*) echo "leave $file: neither .sh nor .sql" ;;
			esac
		done
		kill $server
		wait $server
	fi
	set -- --init-file="$data/.users.sql" "$@"
fi
exec mariadbd --datadir="$data" "$@"
