package node

import (
	"context"
	"fmt"
	"math"

	"github.com/squallhq/squall/scenarios"
)

var partsMissingTotal = newCounter("squall_parts_missing_total",
	"Steps of a parallel one that were not waited for, or failed, where the others were enough.")

// enough does steps at once until a share of them has succeeded: the "good enough" results of "The Tail
// at Scale". The others are given up then, and the answer is degraded. It fails when so many have failed
// that the share can't be reached any more.
func (s *service) enough(name string, steps []scenarios.Step, share float64) (runner, error) {
	inner, err := s.compileAs(name+".", steps)
	if err != nil {
		return nil, err
	}
	need := int(math.Ceil(share*float64(len(inner)) - 1e-9))
	if need == len(inner) {
		return s.parallel(name, steps)
	}
	return func(ctx context.Context, v *visit, c cause) *failure {
		ctx, giveUp := context.WithCancel(ctx)
		defer giveUp()
		ended := make(chan *failure, len(inner))
		for _, one := range inner {
			s.i.answering.start(func() { ended <- one.run(ctx, v, c.step(one.name)) })
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
		degradedTotal.in(s.i.metrics).Add(1)
		partsMissingTotal.in(s.i.metrics).Add(int64(len(inner) - need))
		v.degrade(fmt.Sprintf("parallel: %d of %d parts", need, len(inner)))
		return nil
	}, nil
}
