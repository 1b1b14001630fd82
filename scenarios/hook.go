package scenarios

import (
	"fmt"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
)

// Hook is a command of this machine that is run where a phase or a fault begins or ends.
type Hook struct {
	// The phase, or the fault, at whose begin or end it is run.
	At string `yaml:"at" need:"yes" json:"at"`
	// begin (default): when the phase begins, or the fault is on; end: when it is over, or off.
	When string `yaml:"when" enum:"begin,end" json:"when,omitempty"`
	// The command, word by word: [./page-oncall.sh, "--severity", page]. It is run in the scenario's folder, through no shell but one that it
	// names: [sh, -c, ...]; SQUALL_RUN, SQUALL_SCENARIO, SQUALL_PHASE or SQUALL_FAULT, and SQUALL_AT (seconds) are set. It needs
	// squall run --allow-hooks, and is not run in virtual time.
	Run []string `yaml:"run" need:"yes" json:"run"`
	// How long it may take: what has not ended by then is killed, with all that it has started. Default 10s.
	Timeout time.Duration `yaml:"timeout" sign:"positive" min:"10ms" max:"5m" json:"timeout,omitempty"`
}

// When a hook is run.
const (
	HookBegin = "begin"
	HookEnd   = "end"
)

// DefaultHookTimeout is how long a hook may take that does not say.
const DefaultHookTimeout = 10 * time.Second

// Moment is when it is run: begin or end.
func (h *Hook) Moment() string {
	if h.When == "" {
		return HookBegin
	}
	return h.When
}

// Bound is how long it may take.
func (h *Hook) Bound() time.Duration {
	if h.Timeout == 0 {
		return DefaultHookTimeout
	}
	return h.Timeout
}

// String is it in words, without its command's own words: there may be a key in them.
func (h *Hook) String() string {
	program := ""
	if len(h.Run) > 0 {
		program = strings.Join(strings.Fields(h.Run[0]), " ")
	}
	return fmt.Sprintf("%s at the %s of %s", program, h.Moment(), h.At)
}

// FaultName is what a scenario calls a fault: by its name, or else by its kind in words.
func FaultName(f faults.Fault) string {
	if f.Name != "" || f.Kind == nil {
		return f.Name
	}
	return f.Kind.String()
}
