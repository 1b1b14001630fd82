package findings

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

var unevenReplicas = Kind{
	Name: "one replica is different",
	Means: "of the attempts at one replica a tenth more fail than at most of its siblings, or its first byte takes three times as long as theirs, " +
		"and it is sent requests all the same",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, key := range pairNames(p) {
				if d.nodes[key[0]] == nil || d.replicas(key[1]) < 2 {
					continue
				}
				if f, is := d.uneven(p, key); is {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

// sibling is one replica as its callers see it.
type sibling struct {
	instance     string
	attempts     int64
	ended        int64
	bad, firstMs float64
	// silent: no byte of an answer came; hangs: and what was asked of it waits, or left.
	silent, hangs bool
}

func siblings(one *pair) []sibling {
	sums := map[string]*pair{}
	for _, e := range one.edges {
		s := sums[e.ToInst]
		if s == nil {
			s = &pair{}
			sums[e.ToInst] = s
		}
		s.attempts += e.Attempts
		s.ended += e.Attempts - e.InFlight
		s.failures += e.Failures
		s.gaveUp += e.GaveUp
		s.requests += e.Requests
		s.firstByteMs = max(s.firstByteMs, e.FirstByteMs)
	}
	var out []sibling
	for _, name := range names(sums) {
		s := sums[name]
		if s.attempts < 5 {
			continue
		}
		one := sibling{instance: name, attempts: s.attempts, ended: s.ended, bad: s.bad(), firstMs: s.firstByteMs, silent: s.firstByteMs == 0}
		if one.silent {
			one.bad, one.hangs = 1, s.requests > 0 || 2*s.failures < s.attempts
		}
		out = append(out, one)
	}
	return out
}

func (d *diagnosis) uneven(p *phase, key [2]string) (record.Finding, bool) {
	all := siblings(p.pairs[key])
	if len(all) < 2 {
		return record.Finding{}, false
	}
	var bad, slow []float64
	for _, s := range all {
		bad = append(bad, s.bad)
		if !s.silent { // of one that does not answer it is unknown how long that takes
			slow = append(slow, s.firstMs)
		}
	}
	if slow == nil {
		return record.Finding{}, false
	}
	slices.Sort(bad)
	slices.Sort(slow)
	usualBad, usualMs := bad[(len(bad)-1)/2], slow[(len(slow)-1)/2]
	var worse *sibling
	fails := false
	for i, s := range all {
		switch {
		case s.bad > usualBad+0.1 && (worse == nil || s.bad > worse.bad):
			worse, fails = &all[i], true
		case !fails && s.firstMs > 3*usualMs+much && (worse == nil || s.firstMs > worse.firstMs):
			worse = &all[i]
		}
	}
	var attempts int64
	for _, s := range all {
		attempts += s.attempts
	}
	if worse == nil || 2*worse.attempts < attempts/int64(len(all)) { // it is left alone already
		return record.Finding{}, false
	}
	f := d.finding(p, worse.instance, key[1])
	f.Evidence = worse.evidence(usualBad, usualMs)
	f.Because = key[0] + " sends it its share of the requests, whatever becomes of them"
	f.Try = d.evensOut(p, key, worse, fails && !worse.hangs && worse.firstMs < 3*usualMs+much)
	return f, len(f.Try) > 0 && f.Lost > 0
}

// evidence is how it differs from what is usual among its siblings.
func (s *sibling) evidence(usualBad, usualMs float64) []string {
	if s.silent {
		return []string{
			fmt.Sprintf("none of %d attempts at %s had a byte of an answer", s.attempts, s.instance),
			fmt.Sprintf("%s were not answered well at most of its siblings, whose first byte took %s", spell.Percent(usualBad), spell.Milliseconds(usualMs)),
		}
	}
	return []string{
		fmt.Sprintf("%s of %d attempts at %s were not answered well, %s at most of its siblings", spell.Percent(s.bad), s.ended, s.instance, spell.Percent(usualBad)),
		fmt.Sprintf("its first byte took %s, theirs %s", spell.Milliseconds(s.firstMs), spell.Milliseconds(usualMs)),
	}
}

// evensOut are the patterns that send a replica less; fast tells that it fails at once.
func (d *diagnosis) evensOut(p *phase, key [2]string, worse *sibling, fast bool) []record.Remedy {
	var retry, outliers, slower, check, balance, hedge, start, panics bool
	for _, c := range d.between(key[0], key[1]) {
		o := c.policy.Outliers
		retry = retry || c.policy.Retry != nil
		outliers = outliers || o != nil && o.Failures > 0
		slower = slower || o != nil && o.Slower > 0
		check = check || c.policy.HealthCheck != nil
		balance = balance || c.policy.Balance == "least_in_flight" || c.policy.Balance == "two_choices"
		hedge = hedge || c.policy.Hedge != nil
		start = start || c.policy.SlowStart > 0
		panics = panics || o != nil && o.Most >= 1
	}
	restarted := false
	for _, fault := range p.faults {
		restarted = restarted || fault.Kind == "crash" && slices.Contains(fault.Instances, worse.instance)
	}
	if before := d.before(p); before != nil {
		restarted = restarted || (before.Kind == "crash" || before.Kind == "stop") && slices.Contains(before.Instances, worse.instance)
	}
	hangs := !fast && (worse.hangs || p.pairs[key].bad() > 0.02)
	database := false
	for _, c := range d.from(key[1]) {
		database = database || c.read || c.write
	}
	return try(
		option{"panic-threshold", panics},
		option{"slow-start", restarted && !start && d.nodes[key[1]].Cold != nil},
		option{"gray-replica", fast && !retry},
		option{"outlier-ejection", !outliers && !slower && !check && (fast || hangs)},
		option{"health-check", database && !check && !outliers && !slower && hangs},
		option{"slow-outlier", !slower && !outliers && !fast && !worse.hangs},
		option{"balancing", !balance && !outliers && !slower && !fast},
		option{"hedging", !hedge && !slower && !outliers && !fast},
	)
}

var ejectedTooMany = Kind{
	Name: "ejected too many",
	Means: "outlier ejection may leave every replica alone (most: 100%), some are ejected in a phase, and users lose requests: those that are left are sent " +
		"more than they can do",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, c := range d.calls {
				o := c.policy.Outliers
				if o == nil || o.Most < 1 || p.count(c.from, "ejections_total") == 0 {
					continue
				}
				f := d.finding(p, arrow(c.from, c.to), c.from)
				f.Evidence = []string{fmt.Sprintf("%.0f ejections of the %d replicas of %s", p.count(c.from, "ejections_total"), d.replicas(c.to), c.to)}
				f.Because = "each replica that is left alone makes the load of the others larger, until they fail too"
				f.Try = try(option{"panic-threshold", true})
				out = append(out, f)
			}
		}
		return out
	},
}
