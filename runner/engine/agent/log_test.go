package agent

import (
	"bytes"
	"strings"
	"testing"
)

// A log keeps its last bytes, and whoever asks for earlier ones is told where what there is begins.
func TestLogKeepsItsEnd(t *testing.T) {
	t.Parallel()
	l := newLog(nil)
	line := []byte(strings.Repeat("x", 1023) + "\n")
	const lines = 3 * logKept >> 10
	for range lines {
		if _, err := l.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	data, begins, more := l.at(0)
	if begins == 0 || more == nil || begins+int64(len(data)) != lines<<10 || len(data) < logKept || begins != l.from {
		t.Errorf("of %d bytes it has %d from %d", lines<<10, len(data), begins)
	}
	if !bytes.HasSuffix(data, line) {
		t.Error("it has not what was said last")
	}
	if data, begins, _ = l.at(1 << 40); len(data) != 0 || begins != lines<<10 {
		t.Errorf("past its end it has %d bytes from %d", len(data), begins)
	}
	l.end()
	if _, _, more = l.at(0); more != nil {
		t.Error("after its end there is to be more")
	}
}
