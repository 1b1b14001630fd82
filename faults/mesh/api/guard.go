package api

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// guardOrigin refuses requests that a web page elsewhere has a browser send. toxiproxy refuses
// every browser by its name, which also shuts out a dashboard on this machine and stops no page
// that a browser sends from without telling its name. What tells is:
//   - Host: a name that an attacker's DNS points at 127.0.0.1 (rebinding) is not an IP address or localhost;
//   - Origin: browsers send it with everything that could change something, and a page can't forge it;
//   - Sec-Fetch-Site: covers reads.
func guardOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localHost(r.Host) || !ownOrigin(r) {
			http.Error(w, "requests of other web origins are not allowed", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// localHost tells whether a Host header is an IP address or localhost, which no DNS answer can stand behind.
func localHost(host string) bool {
	name := host
	if split, _, err := net.SplitHostPort(host); err == nil {
		name = split
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	return strings.EqualFold(name, "localhost") || net.ParseIP(name) != nil
}

// ownOrigin tells whether a request comes from no web page, or from one of this very address.
func ownOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	from, err := url.Parse(origin)
	return err == nil && from.Host != "" && strings.EqualFold(from.Host, r.Host)
}
