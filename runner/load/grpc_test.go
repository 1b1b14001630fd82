package load_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// carts answers as the name of what is asked for says: a code, or how it is; and keeps what it was asked with.
type carts struct {
	grpc_health_v1.UnimplementedHealthServer
	mu   sync.Mutex
	seen map[string]bool
}

func (c *carts) Check(ctx context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	got, _ := metadata.FromIncomingContext(ctx)
	until, bounded := ctx.Deadline()
	c.mu.Lock()
	c.seen[fmt.Sprint(got.Get("tenant"), bounded && time.Until(until) < time.Minute, got.Get(":authority"))] = true
	c.mu.Unlock()
	switch r.GetService() {
	case "none":
		return nil, status.Error(codes.NotFound, "no such cart")
	case "late":
		<-ctx.Done()
		return nil, ctx.Err()
	case "sick":
		return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}, nil
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
}

// callable is a server of carts; reflects has it tell of itself.
func callable(t *testing.T, reflects bool, options ...grpc.ServerOption) (*carts, string) {
	t.Helper()
	s, c := grpc.NewServer(options...), &carts{seen: map[string]bool{}}
	grpc_health_v1.RegisterHealthServer(s, c)
	if reflects {
		reflection.Register(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return c, l.Addr().String()
}

const check = "grpc.health.v1.Health/Check"

func calls(requests ...scenarios.Request) *scenarios.Load {
	l := open(40)
	l.Timeout, l.Requests = time.Second, requests
	return l
}

func called(r scenarios.Request, service string) scenarios.Request {
	r.Send, r.GRPC, r.JSON = check+" "+service, check, scenarios.JSON(`{"service": "`+service+`"}`)
	return r
}

// gRPC passes an edge untouched, over TLS and without, by reflection and by a file, and a latency on the edge is felt once a call; what the
// server says is the class of a failure, and what does not come in time is late.
func TestCallsOfGRPC(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cert, key, _ := certificate(t, &x509.Certificate{DNSNames: []string{"web"}}, a)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	set := &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{protodesc.ToFileDescriptorProto(grpc_health_v1.File_grpc_health_v1_health_proto)}}
	file_, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	serving := &scenarios.Check{JSON: map[string]scenarios.JSON{"$.status": `"SERVING"`}}
	for _, c := range []struct {
		name     string
		reflects bool
		files    []byte
		tls      *scenarios.TLS
	}{
		{"by reflection", true, nil, nil},
		{"by a file", false, file_, nil},
		{"over TLS", true, nil, &scenarios.TLS{CA: file(a.pem)}},
	} {
		var options []grpc.ServerOption
		if c.tls != nil {
			options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(&pair)))
		}
		server, at := callable(t, c.reflects, options...)
		l := calls(
			called(scenarios.Request{Check: serving, Headers: map[string]string{"Tenant": "t"}}, "cart-{id}"),
			called(scenarios.Request{Check: serving}, "sick"), called(scenarios.Request{}, "none"), called(scenarios.Request{Weight: 0.2}, "late"))
		l.TLS = c.tls
		if c.files != nil {
			l.Descriptors = file(c.files)
		}
		want := map[string]string{check + " cart-{id}": "", check + " sick": "check: json $.status", check + " none": "grpc NOT_FOUND", check + " late": record.ErrTimeout}
		for _, delay := range []time.Duration{0, 150 * time.Millisecond} {
			samples, _ := through(t, l, at, delay)
			var took []time.Duration
			seen := map[string]bool{}
			for _, s := range samples {
				seen[s.Request] = true
				late := want[s.Request] == record.ErrTimeout
				if s.Error != want[s.Request] && !(late && s.Error == "grpc DEADLINE_EXCEEDED") { // the server's word may come first
					t.Fatalf("%s: %+v, want %q", c.name, s, want[s.Request])
				}
				if !late {
					took = append(took, s.Latency())
				}
			}
			slices.Sort(took)
			if len(samples) != 40 || len(seen) != 4 {
				t.Fatalf("%s: %d samples of %v", c.name, len(samples), seen)
			}
			if middle := took[len(took)/2]; middle < delay || middle > delay+100*time.Millisecond {
				t.Errorf("%s with %v on the edge: half take %v", c.name, delay, middle)
			}
		}
		server.mu.Lock()
		if !server.seen["[t] true [web]"] {
			t.Errorf("%s: the server saw %v", c.name, slices.Collect(maps.Keys(server.seen)))
		}
		server.mu.Unlock()
	}
}

// What does not go with what a server says of itself is told before anything is sent, with what is wrong. A server that says nothing of
// itself refuses every call, and that is told for what it is.
func TestCallsThatCanNot(t *testing.T) {
	t.Parallel()
	_, at := callable(t, true)
	for name, c := range map[string]struct{ method, json, says string }{
		"no service": {"shop.Carts/Get", `{}`, "Symbol not found"},
		"no method":  {"grpc.health.v1.Health/Look", `{}`, "no method Look"},
		"a stream":   {"grpc.health.v1.Health/Watch", `{}`, "is a stream"},
		"no field":   {check, `{"servise": "x"}`, "servise"},
	} {
		l := calls(scenarios.Request{Send: c.method, Spoken: scenarios.Spoken{GRPC: c.method}, JSON: scenarios.JSON(c.json)})
		samples, err := driveAt(t, l, at)
		if name == "no service" { // the server may come to have it
			if len(samples) == 0 || samples[0].Error != "grpc NOT_FOUND" {
				t.Errorf("%s: %v, %+v", name, err, samples)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || len(samples) > 0 {
			t.Errorf("%s: %d samples, and %v", name, len(samples), err)
		}
	}
	_, silent := callable(t, false)
	samples, err := driveAt(t, calls(called(scenarios.Request{}, "x")), silent)
	if err != nil || len(samples) != 40 || samples[0].Error != "grpc UNIMPLEMENTED" {
		t.Errorf("without reflection: %d samples, %v, %+v", len(samples), err, samples[:min(1, len(samples))])
	}
}
