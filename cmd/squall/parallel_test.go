package main

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// What is done at once is handed on in order, never more than so many at once; nothing is begun after an error.
func TestInOrder(t *testing.T) {
	var now, most atomic.Int32
	var got []int
	err := inOrder(20, 3, func(i int) (int, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for {
			if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		time.Sleep(time.Duration(i%3) * time.Millisecond)
		return i * i, nil
	}, func(i, v int) error {
		if v != i*i {
			t.Errorf("%d came with %d", i, v)
		}
		got = append(got, i)
		return nil
	})
	if err != nil || len(got) != 20 || got[0] != 0 || got[19] != 19 || most.Load() > 3 || most.Load() < 2 {
		t.Errorf("%v, %v, %d at once", got, err, most.Load())
	}
	broken := errors.New("broken")
	var begun atomic.Int32
	handed := 0
	err = inOrder(1000, 2, func(i int) (int, error) {
		begun.Add(1)
		if i == 5 {
			return 0, broken
		}
		return i, nil
	}, func(int, int) error { handed++; return nil })
	if !errors.Is(err, broken) || handed != 5 || begun.Load() > 100 {
		t.Errorf("%v after %d handed on, %d begun", err, handed, begun.Load())
	}
}
