package service

import (
	"context"
	"fmt"
	"math"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

var partsMissingTotal = host.NewCounter("squall_parts_missing_total",
	"Steps of a parallel one that were not waited for, or failed, where the others were enough.")

// enough does steps at once until a share of them has succeeded: the "good enough" results of "The Tail
// at Scale". The others are given up then, and the answer is degraded. It fails when so many have failed
// that the share can't be reached any more.
func (s *service) enough(name string, steps []scenarios.Step, share float64) (stepFunc, error) {
	inner, err := s.compileAs(name+".", steps)
	if err != nil {
		return nil, err
	}
	need := int(math.Ceil(share*float64(len(inner)) - 1e-9))
	if need == len(inner) {
		return s.parallel(name, steps)
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		ctx, giveUp := context.WithCancel(ctx)
		defer giveUp()
		ended := make(chan *call.Failure, len(inner))
		for n, one := range inner {
			s.i.Answering.Go(func() {
				s.i.InTurn(n)
				ended <- one.run(ctx, v, c.Step(one.name))
			})
		}
		for good, bad := 0, 0; good < need; {
			f := <-ended
			if f == nil {
				good++
				continue
			}
			if bad++; len(inner)-bad < need {
				return f
			}
		}
		host.DegradedTotal.In(s.i.Metrics).Add(1)
		partsMissingTotal.In(s.i.Metrics).Add(int64(len(inner) - need))
		v.degrade(fmt.Sprintf("parallel: %d of %d parts", need, len(inner)))
		return nil
	}, nil
}
