package process_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/process"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/record"
)

type rpc struct {
	grpc_health_v1.UnimplementedHealthServer
}

func (rpc) Check(_ context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if r.GetService() == "none" {
		return nil, status.Error(codes.NotFound, "no such service")
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
}

// beRPC is a user's own service of gRPC, which tells of itself, with an echo over WebSocket on its second port.
func beRPC() {
	at, err := net.Listen("tcp", os.Getenv("SQUALL_HOST")+":"+os.Getenv("SQUALL_PORT"))
	check(err)
	s := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(s, rpc{})
	reflection.Register(s)
	go func() { check(s.Serve(at)) }()
	check(http.ListenAndServe(os.Getenv("SQUALL_HOST")+":7001", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	})))
}

const protocols = `scenario: protocols
warm_up: 1s
topology:
  shop: {kind: image, local: [%[1]q, rpc], ports: {rpc: 7000, echo: 7001}}
load:
  calls:
    to: shop:7000
    rate: 20/s
    requests:
      - {grpc: grpc.health.v1.Health/Check, json: {service: "cart-{id}"}, check: {json: {$.status: SERVING}}}
  wrong:
    to: shop
    rate: 10/s
    requests: [{grpc: grpc.health.v1.Health/Check, json: {service: none}}]
  messages:
    to: shop:7001
    users: 3
    think: 50ms
    requests: [{websocket: /echo, body: "hello {n}"}]
phases:
  - {name: steady, for: 2s}
  - {name: slow, for: 2s, faults: [{latency: 100ms, on: shop}]}
  - {name: gap, for: 500ms}
  - {name: cut, for: 1s, faults: [{reset: shop}]}
  - {name: mended, for: 1s}
`

// gRPC and WebSocket are spoken to a user's own program over edges of its two ports: a latency is felt once a call and a message, a reset
// cuts both, which are failures, and connections that are made anew are requests of their own.
func TestLoadsOfOtherProtocols(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	check(err)
	res, err := runner.Run(t.Context(), runner.Options{
		Plan: shopPlan(t, protocols, exe), Engine: process.New(process.Options{}), Loader: load.New(load.Options{FineWait: true}),
		Run: "test-protocols", Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	connects, steady := map[string]int64{}, map[string]float64{}
	for _, p := range res.Phases {
		for _, q := range p.Requests {
			if q.Request == "connect /echo" {
				connects[p.Name] += q.OK
				continue
			}
			want := ""
			if q.Load == "wrong" {
				want = "grpc NOT_FOUND"
			}
			switch {
			case p.Name == "cut" && q.Errors[record.ErrReset] < q.Sent-2 && q.Load != "messages",
				p.Name == "cut" && q.Errors[record.ErrReset] < q.Sent-3: // each of three users may have had an answer before the reset was on
				t.Errorf("%s: %d of %d are cut: %v", q.Load, q.Failed, q.Sent, q.Errors)
			case p.Name == "cut":
			case q.Sent+q.Cut < 4 || want != "" && q.Errors[want] < q.Sent-1 || want == "" && q.Failed > 1:
				t.Errorf("%s in %s: %d of %d failed as %v, want %q", q.Load, p.Name, q.Failed, q.Sent, q.Errors, want)
			}
			if p.Name == "steady" {
				steady[q.Load] = q.LatencyMs.P50
			}
			if p.Name == "slow" && (q.LatencyMs.P50 < 100 || q.LatencyMs.P50 > 150+steady[q.Load]) {
				t.Errorf("%s takes %g ms with 100 ms on its edge", q.Load, q.LatencyMs.P50)
			}
		}
	}
	// Some were made in the warm-up; each user needs one at most, and none that was cut comes back.
	if connects["steady"]+connects["slow"] > 3 || connects["mended"] < 1 || connects["mended"] > 3 {
		t.Errorf("connections were made: %v", connects)
	}
}
