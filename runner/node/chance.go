package node

import (
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// cause says why something is done: which user request, where in its tree of calls, and whether a
// retry led to it. Everything that is drawn by chance for a request comes from its cause, so that
// the same request draws the same on every engine, whatever else is going on.
type cause struct {
	request string
	// position is the same for every attempt of a call, draw differs between attempts. Both are 0 for the user's own request.
	position, draw uint64
	retried        bool
	// tenant is whose request it is.
	tenant string
}

// causeOf reads a cause from a request's headers. A request without an id gets one of this instance's own.
func (i *instance) causeOf(h http.Header) cause {
	c := cause{request: h.Get(wire.HeaderRequest), retried: h.Get(wire.HeaderRetried) == "1", tenant: tenantOf(h)}
	if c.request == "" {
		c.request = i.config.Instance + "." + strconv.FormatUint(i.anonymous.Add(1), 10)
	}
	if position, draw, ok := strings.Cut(h.Get(wire.HeaderCause), "-"); ok {
		// What does not parse is 0: a stranger's header costs distinctness, not correctness.
		c.position, _ = strconv.ParseUint(position, 16, 64)
		c.draw, _ = strconv.ParseUint(draw, 16, 64)
	}
	return c
}

// step is the cause of one named step of what c causes.
func (c cause) step(name string) cause {
	c.position, c.draw = chance.Fold(c.position, name), chance.Fold(c.draw, name)
	return c
}

// attempt is the cause of the nth attempt, counted from 1. The first draws as its step does.
func (c cause) attempt(n int) cause {
	if n > 1 {
		c.draw = chance.Scramble(c.draw + uint64(n))
		c.retried = true
	}
	return c
}

// hedge is the cause of the attempt beside the one that c is the cause of.
func (c cause) hedge() cause {
	c.draw = chance.Scramble(c.draw ^ 0x6865646765) // "hedge"
	c.retried = true
	return c
}

// text names the cause of one attempt, for those who draw chance from a text.
func (c cause) text() string { return c.request + ":" + strconv.FormatUint(c.draw, 16) }

// put writes the cause of the nth attempt into the headers of the call.
func (c cause) put(h http.Header, n int) {
	h.Set(wire.HeaderRequest, c.request)
	h.Set(wire.HeaderAttempt, strconv.Itoa(n))
	if c.position != 0 || c.draw != 0 {
		h.Set(wire.HeaderCause, strconv.FormatUint(c.position, 16)+"-"+strconv.FormatUint(c.draw, 16))
	}
	if c.retried {
		h.Set(wire.HeaderRetried, "1")
	}
	if c.tenant != "" && c.tenant != h.Get(wire.HeaderLoad) {
		h.Set(wire.HeaderTenant, c.tenant)
	}
}

// chance is a generator for one use, named by purpose, at one cause.
func (i *instance) chance(c cause, purpose string) *rand.Rand {
	h := chance.Fold(i.config.Seed, i.config.Node.Name)
	h = chance.Fold(h, c.request)
	h = chance.Fold(h^c.draw, purpose)
	return rand.New(rand.NewPCG(h, chance.Scramble(h)))
}

// draw is one service time of w. Its mean over many draws is w.Mean for every shape.
func draw(w *scenarios.Work, r *rand.Rand) time.Duration {
	if w == nil {
		return 0
	}
	mean := float64(w.Mean)
	switch w.Shape {
	case "exponential":
		return time.Duration(mean * r.ExpFloat64())
	case "uniform":
		return time.Duration(2 * mean * r.Float64())
	case "lognormal":
		// With sigma 1 the mean of exp(N(mu, 1)) is exp(mu + 1/2).
		return time.Duration(mean * math.Exp(r.NormFloat64()-0.5))
	default:
		return w.Mean
	}
}

// elsewhere is the cause of a call at the nth other node; retried tells that it is not the first attempt.
func (c cause) elsewhere(n int, retried bool) cause {
	c.draw = chance.Scramble(c.draw ^ uint64(0x656c7365+n)) // "else"
	c.retried = c.retried || retried
	return c
}

// tenantOf is whose request it is: the load's own, where no tenant is named.
func tenantOf(h http.Header) string {
	if tenant := h.Get(wire.HeaderTenant); tenant != "" {
		return tenant
	}
	return h.Get(wire.HeaderLoad)
}
