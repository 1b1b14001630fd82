package cdn

import (
	"net/http"
	"strings"

	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	botsBlockedTotal = host.NewCounter("squall_bots_blocked_total", "Requests refused (403) by a rule about bots.")
	botsLimitedTotal = host.NewCounter("squall_bots_limited_total",
		"Requests refused (429) by the rate of a rule about bots; none of squall_rate_limited_total.")
	pagesTotal = host.NewCounter("squall_pages_total",
		"Requests answered with the static page because the origin failed and there was no copy.")
)

// botRule is one rule about clients that are known by what they send.
type botRule struct {
	scenarios.BotRule
	match    wire.Route
	any      bool // no match: any method and path
	contains string
	limit    *admission.Limiter
}

func newBotRules(rules []scenarios.BotRule) []botRule {
	var out []botRule
	for _, r := range rules {
		out = append(out, botRule{
			BotRule: r, match: wire.ParseRoute(r.Match), any: r.Match == "", contains: strings.ToLower(r.Contains), limit: admission.NewLimiter(r.Limit()),
		})
	}
	return out
}

// covers tells whether a request is as the rule says, in all of its conditions.
func (rule *botRule) covers(r *http.Request) bool {
	if !rule.any && !rule.match.Takes(r.Method, r.URL.Path) {
		return false
	}
	if rule.Header == "" {
		return true
	}
	values := r.Header.Values(rule.Header)
	if rule.Absent || len(values) == 0 {
		return rule.Absent && len(values) == 0
	}
	for _, v := range values {
		if strings.Contains(strings.ToLower(v), rule.contains) {
			return true
		}
	}
	return false
}

// stopped answers what may not come in: by the first rule about bots that covers it, then by the rate limit.
func (c *cdn) stopped(w http.ResponseWriter, r *http.Request) bool {
	for n := range c.bots {
		rule := &c.bots[n]
		if !rule.covers(r) {
			continue
		}
		if rule.Do == "block" {
			botsBlockedTotal.In(c.i.Metrics).Add(1)
			c.i.Refuse(w, http.StatusForbidden, "no bots")
			return true
		}
		if wait, ok := rule.limit.Allow(r.Header); !ok {
			botsLimitedTotal.In(c.i.Metrics).Add(1)
			admission.RefuseFor(c.i, w, wait, "rate limit of bots")
			return true
		}
		break
	}
	if wait, ok := c.limit.Allow(r.Header); !ok {
		admission.RateLimitedTotal.In(c.i.Metrics).Add(1)
		admission.RefuseFor(c.i, w, wait, "rate limit")
		return true
	}
	return false
}

// page answers with the static page, which is all that is left.
func (c *cdn) page(w http.ResponseWriter, p *scenarios.Page) {
	pagesTotal.In(c.i.Metrics).Add(1)
	host.DegradedTotal.In(c.i.Metrics).Add(1)
	h := w.Header()
	h.Set(wire.HeaderDegraded, "static page")
	h.Set(wire.HeaderCache, "miss")
	h.Set("Cache-Control", "no-store") // whoever keeps answers in front of this one is to ask again
	h.Set("Content-Type", "text/html")
	status := p.Status
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	w.Write([]byte("<!doctype html><title>Back soon</title>\n")) //nolint:errcheck // a client that left reads nothing
}
