[ "${1:-}" = rabbitmq-server ] || exec "$@"
become rabbitmq /var/lib/rabbitmq /var/log/rabbitmq -- "$@"
# Before anything else does: rabbitmqctl run by root would write it as root's.
if [ ! -s "$HOME/.erlang.cookie" ]; then
	umask 077
	head -c 24 /dev/urandom | base64 | tr -dc A-Za-z0-9 > "$HOME/.erlang.cookie"
	umask 022
fi
# RABBITMQ_DEFAULT_USER, _PASS and _VHOST are read by the server itself.
fill RABBITMQ_DEFAULT_USER RABBITMQ_DEFAULT_PASS
export RABBITMQ_LOGS=-
# With its input allowed the server takes the place of this shell, and gets the engine's signals itself.
export RABBITMQ_ALLOW_INPUT=1
shift
exec rabbitmq-server -noinput "$@"
