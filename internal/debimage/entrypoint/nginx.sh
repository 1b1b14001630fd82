[ "${1:-}" = nginx ] || exec "$@"
# As the usual image: templates are filled in from the environment.
for file in /etc/nginx/templates/*.template; do
	[ -f "$file" ] || continue
	to=/etc/nginx/conf.d/$(basename "$file" .template)
	awk '{
		out = ""
		while (match($0, /\$\{[A-Za-z_][A-Za-z_0-9]*\}/)) {
			name = substr($0, RSTART + 2, RLENGTH - 3)
			out = out substr($0, 1, RSTART - 1) (name in ENVIRON ? ENVIRON[name] : "${" name "}")
			$0 = substr($0, RSTART + RLENGTH)
		}
		print out $0
	}' "$file" > "$to"
done
exec "$@"
