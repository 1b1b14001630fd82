package host

import (
	"net/http"
	"strconv"
	"time"

	"github.com/squallhq/squall/runner/wire"
)

var (
	deadlineExceededTotal = NewCounter("squall_deadline_exceeded_total",
		"Requests given up because the time that their caller had left was over.")
)

// Propagate is the deadline policy of nodes that hand on how much time is left.
const Propagate = "propagate"

// withDeadline gives a request the end that its caller names. Time that does not parse is no deadline.
func (i *Instance) withDeadline(r *http.Request) (bounded *http.Request, cancel func()) {
	left, err := strconv.ParseFloat(r.Header.Get(wire.HeaderDeadline), 64)
	if err != nil || !(left >= 0 && left < 1e9) {
		return r, func() {}
	}
	ctx, stop := i.WithTimeout(r.Context(), time.Duration(left*float64(time.Millisecond)))
	end, _ := ctx.Deadline()
	return r.WithContext(ctx), func() {
		if ctx.Err() != nil && !time.Now().Before(end) { // the caller may have left in the same moment
			deadlineExceededTotal.In(i.Metrics).Add(1)
		}
		stop()
	}
}
