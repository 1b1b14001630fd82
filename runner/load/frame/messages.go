package frame

import (
	"time"

	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/load/figures"
	"github.com/squallhq/squall/runner/load/order"
)

// Start is what Begin says.
type Start struct {
	// Zero is the start of the first phase by the generator's own clock, in ns.
	Zero int64
	// Steered tells that people may change the course: the drive ends when Over says so.
	Steered bool
	Way     course.Parts
}

// Question is what Ping says, and Answer what Pong does: when it came and when it was answered, by the generator's own clock in ns.
type (
	Question struct{ Number int64 }
	Answer   struct{ Number, Came, Answered int64 }
)

// Told is what Notices says.
type Told struct{ Edges map[string]order.Notice }

// Name is what LookedUp says.
type Name struct{ Edge string }

// Why is what Refused says.
type Why struct{ Error string }

// End is what Ended says: how the drive went, with its error, "" without one. Interrupted: it was told to stop.
type End struct {
	Figures     figures.Figures
	Error       string
	Interrupted bool
}

// Encode is a message as a frame's payload. What crosses here is plain data: it does not fail.
func Encode(message any) []byte {
	b, err := order.Encode(message)
	if err != nil {
		panic(err)
	}
	return b
}

// Decode reads what Encode wrote.
func Decode(payload []byte, into any) error { return order.Decode(payload, into) }

// Beat is how often a generator sends Events at the least, so that its silence means something.
const Beat = 250 * time.Millisecond
