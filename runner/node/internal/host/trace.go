package host

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

// Trace says why something is done: which user request, where in its tree of calls, and whether a
// retry led to it. Everything that is drawn by chance for a request comes from its cause, so that
// the same request draws the same on every engine, whatever else is going on.
type Trace struct {
	Request string
	// Position is the same for every attempt of a call, draw differs between attempts. Both are 0 for the user's own request.
	Position, draw uint64
	Retried        bool
	// Tenant is whose request it is.
	Tenant string
	// at is where in its trace it is done, hedge that it is done beside another attempt.
	at    within
	hedge bool
}

// TraceOf reads a cause from a request's headers. A request without an id gets one of this instance's own.
func (i *Instance) TraceOf(h http.Header) Trace {
	c := Trace{Request: h.Get(wire.HeaderRequest), Retried: h.Get(wire.HeaderRetried) == "1", Tenant: TenantOf(h)}
	if c.Request == "" {
		c.Request = i.Config.Instance + "." + strconv.FormatUint(i.anonymous.Add(1), 10)
	}
	if position, draw, ok := strings.Cut(h.Get(wire.HeaderCause), "-"); ok {
		// What does not parse is 0: a stranger's header costs distinctness, not correctness.
		c.Position, _ = strconv.ParseUint(position, 16, 64)
		c.draw, _ = strconv.ParseUint(draw, 16, 64)
	}
	c.at.Traceparent, _ = wire.ParseTraceparent(h.Get(wire.HeaderTraceparent))
	return c
}

// Step is the cause of one named step of what c causes.
func (c Trace) Step(name string) Trace {
	c.Position, c.draw = chance.Fold(c.Position, name), chance.Fold(c.draw, name)
	return c
}

// Attempt is the cause of the nth attempt, counted from 1. The first draws as its step does.
func (c Trace) Attempt(n int) Trace {
	if n > 1 {
		c.draw = chance.Scramble(c.draw + uint64(n))
		c.Retried = true
	}
	return c
}

// Hedge is the cause of the attempt beside the one that c is the cause of.
func (c Trace) Hedge() Trace {
	c.draw = chance.Scramble(c.draw ^ 0x6865646765) // "hedge"
	c.Retried, c.hedge = true, true
	return c
}

// Text names the cause of one attempt, for those who draw chance from a text.
func (c Trace) Text() string { return c.Request + ":" + strconv.FormatUint(c.draw, 16) }

// Put writes the cause of the nth attempt into the headers of the call.
func (c Trace) Put(h http.Header, n int) {
	h.Set(wire.HeaderRequest, c.Request)
	h.Set(wire.HeaderAttempt, strconv.Itoa(n))
	if c.Position != 0 || c.draw != 0 {
		h.Set(wire.HeaderCause, strconv.FormatUint(c.Position, 16)+"-"+strconv.FormatUint(c.draw, 16))
	}
	if c.Retried {
		h.Set(wire.HeaderRetried, "1")
	}
	if c.at.Span != 0 {
		h.Set(wire.HeaderTraceparent, c.at.Traceparent.String())
	}
	if c.Tenant != "" && c.Tenant != h.Get(wire.HeaderLoad) {
		h.Set(wire.HeaderTenant, c.Tenant)
	}
}

// Chance is a generator for one use, named by purpose, at one cause.
func (i *Instance) Chance(c Trace, purpose string) *rand.Rand {
	h := chance.Fold(i.Config.Seed, i.Config.Node.Name)
	h = chance.Fold(h, c.Request)
	h = chance.Fold(h^c.draw, purpose)
	return rand.New(rand.NewPCG(h, chance.Scramble(h)))
}

// Draw is one service time of w. Its mean over many draws is w.Mean for every shape.
func Draw(w *scenarios.Work, r *rand.Rand) time.Duration {
	if w == nil {
		return 0
	}
	mean := float64(w.Mean)
	if w.CV != nil {
		if w.Shape == "lognormal" {
			return time.Duration(mean * chance.LognormalByCV(*w.CV, r))
		}
		return time.Duration(mean * chance.ByCV(*w.CV, r))
	}
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

// Elsewhere is the cause of a call at the nth other node; retried tells that it is not the first attempt.
func (c Trace) Elsewhere(n int, retried bool) Trace {
	c.draw = chance.Scramble(c.draw ^ uint64(0x656c7365+n)) // "else"
	c.Retried = c.Retried || retried
	return c
}

// TenantOf is whose request it is: the load's own, where no tenant is named.
func TenantOf(h http.Header) string {
	if tenant := h.Get(wire.HeaderTenant); tenant != "" {
		return tenant
	}
	return h.Get(wire.HeaderLoad)
}
