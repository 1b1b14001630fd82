package cursor_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/squallhq/squall/runner/load/cursor"
)

func TestCursor(t *testing.T) {
	t.Parallel()
	var b []byte
	b = binary.AppendUvarint(b, math.MaxUint64)
	b = binary.AppendVarint(b, math.MinInt64)
	b = append(b, 7)
	b = append(binary.AppendUvarint(b, 3), "abc"...)
	c := cursor.Cursor{Left: b}
	if n := c.Uvarint(); n != math.MaxUint64 {
		t.Errorf("Uvarint is %d", n)
	}
	if n := c.Varint(); n != math.MinInt64 {
		t.Errorf("Varint is %d", n)
	}
	if n := c.Byte(); n != 7 {
		t.Errorf("Byte is %d", n)
	}
	if s := c.Text(); s != "abc" || c.Err != nil || len(c.Left) != 0 {
		t.Errorf("Text is %q, left %v, %v", s, c.Left, c.Err)
	}
	for name, broken := range map[string][]byte{"no byte": {}, "a number without an end": {0x80}, "a text longer than what is left": {9, 'a'}} {
		c := cursor.Cursor{Left: broken}
		if s := c.Text(); s != "" || !errors.Is(c.Err, cursor.ErrBroken) {
			t.Errorf("%s: %q, %v", name, s, c.Err)
		}
		c.Left = []byte{1, 'a'}
		if c.Text() != "" || c.Varint() != 0 || c.Byte() != 0 || c.Err == nil {
			t.Errorf("%s: it reads on after its error", name)
		}
	}
}
