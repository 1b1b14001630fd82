case "${1:-}" in
-*) set -- nats-server "$@" ;;
esac
[ "${1:-}" = nats-server ] || exec "$@"
become nats /var/lib/nats -- "$@"
exec "$@"
