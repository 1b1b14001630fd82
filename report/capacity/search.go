// Package capacity finds the highest load that still keeps to what is expected, by bisection, with what the noise of its runs leaves open.
package capacity

import (
	"math"
	"slices"
)

// Round is one run under a load.
type Round struct {
	// Met tells that everything that is expected held; Why is what did not.
	Met bool
	Why string
}

// Trial is a load, as a factor on the file's, with its rounds.
type Trial struct {
	Factor float64
	Rounds []Round
}

// met counts the rounds that met what is expected.
func (t *Trial) met() (n int) {
	for _, r := range t.Rounds {
		if r.Met {
			n++
		}
	}
	return n
}

// holds tells whether a load is taken to meet what is expected: in more than half of its rounds.
func (t *Trial) holds() bool { return 2*t.met() > len(t.Rounds) }

// Search is how to look. What is expected is taken to be met at every load below one at which it is met.
type Search struct {
	// Least and Most are the loads between which it looks, as factors on the file's.
	Least, Most float64
	// Precision is how near to each other the load that meets and the one that does not have to come, as a share.
	Precision float64
	// Rounds are made of each load, Border of the two at the end.
	Rounds, Border int
}

// State is how a search ended.
type State string

// The states.
const (
	Between State = "between"           // what is expected is met at Met, and not at Broken
	Bound   State = "met up to bound"   // met at the greatest load that was tried
	Never   State = "not met even at"   // not met at the least
	Unclear State = "not told by these" // more rounds at the border have turned it over
)

// Found is what a search came to.
type Found struct {
	State State
	// Met is the highest load that is taken to meet what is expected, Broken the lowest found that does not; 0 where there is none.
	Met, Broken float64
	// Surely is the highest load up to which every round of every load met it; Hardly the lowest from which no round did. 0: none.
	Surely, Hardly float64
	// Crooked tells that a load met it above one that did not: the search's premise is wrong, or the noise is great.
	Crooked bool
	Trials  []*Trial
}

// Run looks for the load: try makes rounds of one, from a number on.
func (s Search) Run(try func(factor float64, from, rounds int) ([]Round, error)) (*Found, error) {
	f := &Found{}
	at := func(factor float64, rounds int) (*Trial, error) {
		i := slices.IndexFunc(f.Trials, func(t *Trial) bool { return t.Factor == factor })
		if i < 0 {
			i = len(f.Trials)
			f.Trials = append(f.Trials, &Trial{Factor: factor})
		}
		t := f.Trials[i]
		if more := rounds - len(t.Rounds); more > 0 {
			made, err := try(factor, len(t.Rounds), more)
			if err != nil {
				return nil, err
			}
			t.Rounds = append(t.Rounds, made...)
		}
		return t, nil
	}
	if err := s.bracket(f, at); err != nil {
		return nil, err
	}
	for f.State == Between && f.Broken/f.Met > 1+s.Precision {
		t, err := at(math.Sqrt(f.Met*f.Broken), s.Rounds)
		if err != nil {
			return nil, err
		}
		if t.holds() {
			f.Met = t.Factor
		} else {
			f.Broken = t.Factor
		}
	}
	if f.State == Between {
		for _, border := range []float64{f.Met, f.Broken} {
			if _, err := at(border, s.Border); err != nil {
				return nil, err
			}
		}
	}
	f.settle()
	if err := s.narrow(f, at); err != nil {
		return nil, err
	}
	f.settle()
	return f, nil
}

// mostNarrowed bounds how many loads are tried to narrow an end: each halves what an end leaves open, which is a doubling at most.
const mostNarrowed = 5

// narrow tries loads between the ends of what the rounds leave open and what is next to them: bisection passes far from the border
// once each, so that one round that goes the other way leaves an end as far off as the load before.
func (s Search) narrow(f *Found, at func(float64, int) (*Trial, error)) error {
	if f.State != Between && f.State != Unclear {
		return nil
	}
	for _, gap := range []func() (low, high float64){f.lowEnd, f.highEnd} {
		for range mostNarrowed {
			low, high := gap()
			if low == 0 || high == 0 || high/low <= 1+s.Precision+1e-9 {
				break
			}
			if _, err := at(math.Sqrt(low*high), s.Border); err != nil {
				return err
			}
			f.settle()
		}
	}
	return nil
}

// lowEnd are the highest load up to which all rounds met what is expected, and the one above; 0: there is none.
func (f *Found) lowEnd() (low, high float64) {
	for _, t := range f.Trials {
		if t.met() < len(t.Rounds) {
			return low, t.Factor
		}
		low = t.Factor
	}
	return low, 0
}

// highEnd are the lowest load from which no round met it, and the one below; 0: there is none.
func (f *Found) highEnd() (low, high float64) {
	for _, t := range slices.Backward(f.Trials) {
		if t.met() > 0 {
			return t.Factor, high
		}
		high = t.Factor
	}
	return 0, high
}

// bracket finds a load that meets and one that does not, from the file's own by doubling or halving.
func (s Search) bracket(f *Found, at func(float64, int) (*Trial, error)) error {
	factor := min(max(1, s.Least), s.Most)
	for {
		t, err := at(factor, s.Rounds)
		if err != nil {
			return err
		}
		if t.holds() {
			f.Met = factor
		} else {
			f.Broken = factor
		}
		switch {
		case f.Met > 0 && f.Broken > 0:
			f.State = Between
			return nil
		case f.Met > 0 && factor >= s.Most:
			f.State = Bound
			return nil
		case f.Broken > 0 && factor <= s.Least:
			f.State = Never
			return nil
		case f.Met > 0:
			factor = min(2*factor, s.Most)
		default:
			factor = max(factor/2, s.Least)
		}
	}
}

// settle says what all rounds together leave open.
func (f *Found) settle() {
	slices.SortFunc(f.Trials, func(a, b *Trial) int {
		if a.Factor < b.Factor {
			return -1
		}
		return 1
	})
	f.Surely, _ = f.lowEnd()
	_, f.Hardly = f.highEnd()
	broken := false
	for _, t := range f.Trials {
		f.Crooked = f.Crooked || broken && t.holds()
		broken = broken || !t.holds()
	}
	if f.State != Between {
		return
	}
	if of := func(factor float64) bool {
		i := slices.IndexFunc(f.Trials, func(t *Trial) bool { return t.Factor == factor })
		return f.Trials[i].holds()
	}; !of(f.Met) || of(f.Broken) {
		f.State = Unclear
	}
}

// At is the trial of a load, nil where there is none.
func (f *Found) At(factor float64) *Trial {
	for _, t := range f.Trials {
		if t.Factor == factor {
			return t
		}
	}
	return nil
}
