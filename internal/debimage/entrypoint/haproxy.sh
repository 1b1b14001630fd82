case "${1:-}" in
-*) set -- haproxy "$@" ;;
esac
[ "${1:-}" = haproxy ] || exec "$@"
shift
exec haproxy -W -db "$@"
