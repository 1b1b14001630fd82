case "${1:-}" in
-* | *.conf) set -- redis-server "$@" ;;
esac
[ "${1:-}" = redis-server ] || exec "$@"
become redis /data -- "$@"
shift
fill REDIS_PASSWORD
# Options after a configuration file win over it.
set -- "$@" --protected-mode no
if [ -n "${REDIS_PASSWORD:-}" ]; then set -- "$@" --requirepass "$REDIS_PASSWORD"; fi
exec redis-server "$@"
