package pgimage

import "testing"

func TestEnsureTwice(t *testing.T) {
	first := Ensure(t.Context(), t)
	if second := Ensure(t.Context(), t); second != first {
		t.Errorf("the second time: %s, want %s", second, first)
	}
}
