package health

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// healthServer answers as a gRPC server does that says of each service what it is.
func healthServer(t *testing.T, of map[string]byte) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		service := ""
		if len(body) > 7 {
			service = string(body[7:])
		}
		w.Header().Set("Content-Type", "application/grpc")
		status, known := of[service]
		switch {
		case r.URL.Path != "/grpc.health.v1.Health/Check" || r.ProtoMajor != 2 || r.Header.Get("Te") != "trailers":
			w.Header().Set("Grpc-Status", "12")
			w.Header().Set("Grpc-Message", "unknown method")
			return
		case int(binary.BigEndian.Uint32(body[1:5])) != len(body)-5 || !known:
			w.Header().Set("Grpc-Status", "5")
			w.Header().Set("Grpc-Message", "unknown service")
			return
		}
		w.Header().Set("Trailer", "Grpc-Status")
		message := []byte{0x08, status}
		if status == 0 {
			message = nil // a field that is zero is not sent
		}
		_, _ = w.Write(append([]byte{0, 0, 0, 0, byte(len(message))}, message...))
		w.Header().Set("Grpc-Status", "0")
	}))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Config.Protocols.SetHTTP1(true)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// A gRPC server is ready when its health service says SERVING, of itself or of the service that is asked for, and not else.
func TestServesAsksTheHealthProtocol(t *testing.T) {
	s := healthServer(t, map[string]byte{"": 1, "shop.Orders": 1, "starting": 2, "unknown": 0, "odd": 9})
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(plain.Close)
	dial := func(ctx context.Context, address string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}
	for _, c := range []struct{ at, service, want string }{
		{s.URL, "", ""}, {s.URL, "shop.Orders", ""}, {s.URL, "starting", "NOT_SERVING"}, {s.URL, "unknown", "it is UNKNOWN"}, {s.URL, "odd", "its status is 9"},
		{s.URL, "nobody", "status 5 unknown service"}, {plain.URL, "", " "},
	} {
		err := serves(t.Context(), strings.TrimPrefix(c.at, "http://"), c.service, dial)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q of %s: %v, want %s", c.service, c.at, err, fmt.Sprintf("%q", c.want))
		}
	}
	for _, frame := range []string{"", "\x00\x00\x00\x00\x09\x08\x01", "\x01\x00\x00\x00\x02\x08\x01", "\x00\x00\x00\x00\x01\x08"} {
		if serving([]byte(frame)) == nil {
			t.Errorf("%q is taken for an answer", frame)
		}
	}
}
