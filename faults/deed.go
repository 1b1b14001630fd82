package faults

import (
	"fmt"
	"strings"
)

// Deed is what one instance has done of what it was asked to do once: how much.
type Deed struct {
	Instance string `json:"instance"`
	// What is promoted, flushed or replayed; N how many copies were flushed, or messages replayed, or 1 for a promotion. 0: there was nothing to do.
	What string `json:"what"`
	N    int64  `json:"n"`
	// Unread tells that it could not be asked: N says nothing then.
	Unread bool `json:"unread,omitempty"`
}

// The values of Deed.What.
const (
	Promoted = "promoted"
	Flushed  = "flushed"
	Replayed = "replayed"
)

// Deed is what carrying it out is called, once it is done.
func (a Ask) Deed() string {
	switch {
	case a.Flush != "":
		return Flushed
	case a.Promote:
		return Promoted
	default:
		return Replayed
	}
}

// DeedsText says what instances have done, a clause each.
func DeedsText(deeds []Deed) string {
	words := make([]string, len(deeds))
	for n, d := range deeds {
		words[n] = d.String()
	}
	return strings.Join(words, ", ")
}

func (d Deed) String() string {
	switch {
	case d.Unread:
		return d.Instance + " did not say what it has " + d.What
	case d.What == Promoted && d.N == 0:
		return d.Instance + " was not promoted"
	case d.What == Promoted:
		return "promoted " + d.Instance
	case d.What == Flushed:
		return fmt.Sprintf("flushed %s of %s", counted(d.N, "copy", "copies"), d.Instance)
	default:
		return fmt.Sprintf("replayed %s of %s", counted(d.N, "event", "events"), d.Instance)
	}
}

// counted is so many of something.
func counted(n int64, one, many string) string {
	switch n {
	case 0:
		return "no " + one
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
