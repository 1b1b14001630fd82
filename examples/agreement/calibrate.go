package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/squallhq/squall/internal/shipped"
	"github.com/squallhq/squall/runner/record"
)

// costs are what a machine adds of itself.
type costs struct{ hop, sync time.Duration }

// flags give an engine the costs, where it is the one that has none of its own.
func (c costs) flags(engine string) []string {
	if engine != "virtual" {
		return nil
	}
	return []string{"--virtual-hop", c.hop.String(), "--virtual-sync", c.sync.String()}
}

// calibration asks a service for nothing, for a read and for a write: the differences of the medians are a hop
// and a durable write.
const calibration = `scenario: calibration
topology:
  shop: {kind: service, endpoints: {GET /nothing: [], GET /read: [{read: db}], POST /write: [{write: db}]}}
  db:   {kind: database}
load:
  users: {to: shop, rate: 90/s, requests: [{send: GET /nothing}, {send: GET /read}, {send: POST /write}]}
phases:
  - {name: all of it, for: 10s}
expect:
  - {success: ">= 99%"}
`

// calibrate measures a machine on one of its engines.
func calibrate(ctx context.Context, squall, engine string, flags ...string) (costs, error) {
	dir, err := os.MkdirTemp("", "agreement-")
	if err != nil {
		return costs{}, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "calibration.yaml")
	if err := os.WriteFile(file, []byte(calibration), 0o600); err != nil {
		return costs{}, err
	}
	r, err := shipped.Told(ctx, squall, engine, file, "", flags...)
	if err != nil {
		return costs{}, fmt.Errorf("calibrate on %s: %w", engine, err)
	}
	nothing, read, write := median(r, "GET /nothing"), median(r, "GET /read"), median(r, "POST /write")
	return costs{hop: max(read-nothing, 0), sync: max(write-read, 0)}, nil
}

func median(r *record.Result, request string) time.Duration {
	for _, q := range r.Phases[0].Requests {
		if q.Request == request {
			return time.Duration(q.LatencyMs.P50 * float64(time.Millisecond)).Round(10 * time.Microsecond)
		}
	}
	return 0
}
