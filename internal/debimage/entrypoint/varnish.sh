case "${1:-}" in
"" | -*)
	exec varnishd -F -f /etc/varnish/default.vcl -a "http=:$VARNISH_HTTP_PORT,HTTP" -p feature=+http2 -s "malloc,$VARNISH_SIZE" "$@"
	;;
esac
exec "$@"
