package faults

import (
	"fmt"
	"strings"
	"time"
)

// Deed is what one instance has done of what it was asked to do once, or what became of it under a fault: how much.
type Deed struct {
	Instance string `json:"instance"`
	// What is one of the values below; N how many copies were flushed, or messages replayed, or 1 for a promotion, or how often it
	// was killed for want of memory. 0: there was nothing to do, or nothing has happened.
	What string `json:"what"`
	N    int64  `json:"n"`
	// Unread tells that it could not be asked: N says nothing then.
	Unread bool `json:"unread,omitempty"`
	// Flaw is what is wrong with the certificate that it showed.
	Flaw string `json:"flaw,omitempty"`
	// Drain is how it ended as its machine was drained; N is 1 where that has ended it.
	Drain *DrainDeed `json:"drain,omitempty"`
	// Disk is what of its disk was filled; N is the bytes that were written for that.
	Disk *DiskDeed `json:"disk,omitempty"`
}

// DiskDeed is a volume that was filled, as its file system told: sizes are in bytes.
type DiskDeed struct {
	Volume string `json:"volume"`
	Size   int64  `json:"size"`
	// Free is how much was free once it was filled, FreeAtEnd just before it was freed again; nil: that could not be read.
	Free      int64  `json:"free"`
	FreeAtEnd *int64 `json:"free_at_end,omitempty"`
}

// DrainDeed is how an instance ended whose machine was drained; what is nil was not measured.
type DrainDeed struct {
	// Machine is what that is called.
	Machine string `json:"machine"`
	// Took is from when it was asked to end to its end, Killed tells that it was killed as its grace was over.
	Took   *time.Duration `json:"took,omitempty"`
	Killed *bool          `json:"killed,omitempty"`
	// Connections were open on the edges into it when it began, and InFlight requests waited for their answer there. Unanswered are those that got none
	// from then until all on the machine had ended.
	Connections *int64 `json:"connections,omitempty"`
	InFlight    *int64 `json:"in_flight,omitempty"`
	Unanswered  *int64 `json:"unanswered,omitempty"`
	// Elsewhere is the machine where it was up again while the fault was on, Away from its end to then. Stayed is why it was not, where that was wanted.
	Elsewhere string         `json:"elsewhere,omitempty"`
	Away      *time.Duration `json:"away,omitempty"`
	Stayed    string         `json:"stayed,omitempty"`
}

// The values of Deed.What.
const (
	Promoted = "promoted"
	Flushed  = "flushed"
	Replayed = "replayed"
	Starved  = "out of memory"
	Filled   = "filled"
	LookedUp = "looked up"
	Replaced = "replaced"
	Showed   = "showed"
	Lost     = "lost"
	Drained  = "drained"
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
	case d.What == Filled:
		return d.filledText()
	case d.Unread:
		return d.Instance + " did not say what it has " + d.What
	case d.What == LookedUp && !d.Unread:
		return counted(d.N, "lookup", "lookups") + " by " + d.Instance + " met it"
	case d.What == Replaced && d.N == 0:
		return d.Instance + " was not replaced"
	case d.What == Replaced:
		return "replaced " + d.Instance
	case d.What == Showed && d.N == 0:
		return d.Instance + " showed no such certificate"
	case d.What == Showed:
		return d.Instance + " showed " + CertificateText(d.Flaw)
	case d.What == Drained:
		return d.drainedText()
	case d.What == Lost:
		return d.Instance + " was lost with its machine"
	case d.What == Starved:
		return d.Instance + " was " + starvedText(d.N)
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

func (d Deed) filledText() string {
	if d.Disk == nil {
		return "no disk of " + d.Instance + " was filled"
	}
	s := fmt.Sprintf("%s written to %s of %s, %s of %s free then", size(float64(d.N)), d.Disk.Volume, d.Instance, size(float64(d.Disk.Free)), size(float64(d.Disk.Size)))
	if d.Disk.FreeAtEnd != nil {
		s += fmt.Sprintf(", %s at the end", size(float64(*d.Disk.FreeAtEnd)))
	}
	return s
}

func (d Deed) drainedText() string {
	if d.N == 0 || d.Drain == nil {
		return d.Instance + " was not there to be drained"
	}
	s := d.Instance + " drained from " + d.Drain.Machine
	if took := d.Drain.Took; took != nil {
		s += fmt.Sprintf(" in %.3g s", took.Seconds())
	}
	if killed := d.Drain.Killed; killed != nil && *killed {
		s += ", killed as its grace was over"
	}
	if n := d.Drain; n.Connections != nil && n.InFlight != nil {
		s += fmt.Sprintf(" (%s, %s in flight", counted(*n.Connections, "connection", "connections"), counted(*n.InFlight, "request", "requests"))
		if n.Unanswered != nil {
			s += fmt.Sprintf(", %d unanswered", *n.Unanswered)
		}
		s += ")"
	}
	switch {
	case d.Drain.Elsewhere != "" && d.Drain.Away != nil:
		s += fmt.Sprintf(", up on %s %.3g s later", d.Drain.Elsewhere, d.Drain.Away.Seconds())
	case d.Drain.Stayed != "":
		s += ", not elsewhere: " + d.Drain.Stayed
	}
	return s
}

func starvedText(n int64) string {
	switch n {
	case 0:
		return "not killed for want of memory"
	case 1:
		return "killed for want of memory"
	}
	return fmt.Sprintf("killed %d times for want of memory", n)
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
