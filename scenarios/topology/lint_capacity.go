package topology

import (
	"cmp"
	"math"
	"regexp"
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// lintCapacity warns where a cdn has no room for all that its loads may ask it for. What a gateway in front of it lets
// through is not looked at.
func (b *builder) lintCapacity() {
	asked := map[string]map[string]float64{} // by cdn, by request: how many keys
	for _, l := range b.Scenario.Loads {
		for _, r := range l.Requests {
			keys := b.keysOf(l, r)
			for _, cdn := range b.cdnsOf(l.To, r) {
				if asked[cdn.Name] == nil {
					asked[cdn.Name] = map[string]float64{}
				}
				asked[cdn.Name][r.Send] = max(asked[cdn.Name][r.Send], keys) // loads that ask for the same share its copies
			}
		}
	}
	for _, n := range b.Scenario.Nodes {
		sum, size := 0.0, cmp.Or(n.Size, scenarios.DefaultCacheSize)
		for _, keys := range asked[n.Name] {
			sum += keys
		}
		if sum > float64(size) {
			b.warn("cdn %q has room for %d copies (size), and is asked for up to %.0f: those asked for longest ago go, and are misses when they are asked for again",
				n.Name, size, sum)
		}
	}
}

// keysOf is how many URIs a load asks for by a request: at most as many as its parameters have values, or as it sends.
func (b *builder) keysOf(l *scenarios.Load, r scenarios.Request) float64 {
	keys := 1.0
	for _, p := range parameter.FindAllStringSubmatch(r.Send, -1) {
		param, drawn := r.Params[p[1]]
		switch {
		case param.Of > 0:
			keys *= float64(param.Of)
		case drawn && !param.Sequence:
			keys *= scenarios.DefaultParamValues
		default: // a sequence without end
			keys = math.Inf(1)
		}
	}
	var weights float64
	for _, other := range l.Requests {
		weights += cmp.Or(other.Weight, 1)
	}
	if sent, known := Expected(l, -b.Scenario.WarmUpTime(), b.Total); known {
		keys = min(keys, math.Ceil(sent*cmp.Or(r.Weight, 1)/weights))
	}
	return keys
}

var parameter = regexp.MustCompile(`\{([^{}]+)\}`)

// cdnsOf are the cdns that may keep what a request to a node asks for: that one, and those behind it.
func (b *builder) cdnsOf(to string, r scenarios.Request) []*scenarios.Node {
	var out []*scenarios.Node
	for n := b.Scenario.Node(to); n != nil && n.Kind == scenarios.KindCDN && len(out) < len(b.Scenario.Nodes); n = b.Scenario.Node(n.Origin) {
		for _, rule := range n.Cache {
			if covers(rule.Match, r.Send) {
				out = append(out, n)
				break
			}
		}
	}
	return out
}

// covers tells whether a cdn's rule is for a request, as far as the request's parameters let it be told.
func covers(match, send string) bool {
	method, path, both := strings.Cut(send, " ")
	if !both || method != "GET" && method != "HEAD" {
		return false
	}
	if of, rest, given := strings.Cut(match, " "); given {
		if of != "GET" && of != method {
			return false
		}
		match = rest
	}
	path, _, _ = strings.Cut(path, "?")
	start, rest := strings.CutSuffix(match, "*")
	return path == start || rest && strings.HasPrefix(path, start)
}
