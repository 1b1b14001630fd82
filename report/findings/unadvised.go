package findings

import (
	"fmt"

	"github.com/squallhq/squall/runner/record"
)

// What was lost has a cause, also where the library has no pattern for it: in each phase in which users lost something that no finding
// tells of, it is who was gone, whom nobody answers without, or whom the users ask themselves.

// hurt tells that of one of a phase's requests a hundredth or more failed, and more than a few.
func (p *phase) hurt() bool {
	for _, h := range p.harms {
		if h.failed >= 5 && share(h.failed, h.sent) >= 0.01 {
			return true
		}
	}
	return false
}

// explained tells that a finding tells of requests that were lost in a phase.
func explained(p *phase, found []record.Finding) bool {
	for _, f := range found {
		switch f.Kind {
		case writesLost.Name, writesDoubled.Name, staleReads.Name, backlog.Name: // which count other things than requests
		default:
			if f.Lost > 0 && f.When.FromS < p.EndS && f.When.ToS > p.StartS {
				return true
			}
		}
	}
	return false
}

// unadvised are the findings of a phase for which there is no pattern.
func (d *diagnosis) unadvised(p *phase) []record.Finding {
	for _, kind := range []struct {
		name string
		of   []record.Finding
	}{{instanceLost.Name, d.lostInstances(p, true)}, {noOtherWay.Name, d.withoutOtherWay(p, true)}, {noOtherWay.Name, d.askedItself(p)}} {
		if found := worst(kind.of); len(found) > 0 {
			for i := range found {
				found[i].Kind = kind.name
			}
			return found
		}
	}
	return nil
}

// askedItself are the nodes that loads ask themselves, while a fault was on them and a hundredth or more of a load's requests failed.
func (d *diagnosis) askedItself(p *phase) (out []record.Finding) {
	for _, load := range names(d.loads) {
		var failed, sent int64
		for _, h := range p.harms {
			if h.load == load {
				failed, sent = failed+h.failed, sent+h.sent
			}
		}
		key := [2]string{load, d.loads[load].To}
		by := p.faultsOn(d, key[1], p.between(key[0], key[1]))
		if share(failed, sent) < 0.01 || len(by) == 0 {
			continue
		}
		f := d.lostBy(p, arrow(load, key[1]), func(h harm) bool { return h.load == load })
		f.Evidence = append(by, fmt.Sprintf("%d of %d requests of %s failed", failed, sent, load))
		f.Because = load + " ask " + key[1] + " themselves, and what it fails fails for them"
		out = append(out, f)
	}
	return out
}
