package wire

import (
	"net/http"
	"reflect"
)

// redirects is the type of handler by which ServeMux sends a client from a path that no pattern has to one that has:
// from /items to /items/, from //items and /shop/../items to /items.
var redirects = reflect.TypeOf(http.RedirectHandler("", http.StatusMovedPermanently))

// PathRedirect tells whether a handler that ServeMux chose only sends the client elsewhere.
func PathRedirect(h http.Handler) bool { return reflect.TypeOf(h) == redirects }

// Redirect tells a status that sends the client elsewhere: 3xx, but for 304, which answers a condition.
func Redirect(status int) bool {
	return status >= 300 && status < 400 && status != http.StatusNotModified
}

// Astray tells an answer that sends the client elsewhere without anybody having meant it: what was asked for was not done.
func Astray(status int, h http.Header) bool { return Redirect(status) && h.Get(HeaderRedirect) == "" }
