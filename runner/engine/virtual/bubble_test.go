package virtual

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

type key struct{}

// This guards the one thing that the engine takes from package testing/synctest against its own documentation: a
// bubble for a program that is no test.
func TestBubble(t *testing.T) {
	began := time.Now()
	ctx := context.WithValue(context.Background(), key{}, "value")
	var passed time.Duration
	err := enclose(ctx, func(ctx context.Context) {
		from := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { time.Sleep(24 * time.Hour) })
		}
		wg.Wait()
		passed = time.Since(from)
		if ctx.Value(key{}) != "value" || ctx.Err() != nil {
			t.Error("the context within has not the values of that outside, or has ended")
		}
	})
	if err != nil || passed != 24*time.Hour || time.Since(began) > 10*time.Minute {
		t.Errorf("error %v, %s passed within, %s outside", err, passed, time.Since(began))
	}
}

func TestBubbleEndsWithItsContext(t *testing.T) {
	cause := errors.New("somebody pressed a key")
	ctx, cancel := context.WithCancelCause(context.Background())
	err := enclose(ctx, func(within context.Context) {
		time.AfterFunc(time.Second, func() { cancel(cause) })
		select {
		case <-within.Done():
			if !errors.Is(context.Cause(within), cause) {
				t.Errorf("cause %v", context.Cause(within))
			}
		case <-time.After(time.Hour):
			t.Error("it did not end")
		}
	})
	if err != nil {
		t.Error(err)
	}
	if err := enclose(ctx, func(context.Context) { t.Error("it began after its context had ended") }); !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
}

func TestBubbleTurnsFailuresIntoErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		f    func(context.Context)
		want []string
	}{
		{"panic", func(context.Context) { panic("out of cheese") }, []string{"out of cheese", "bubble_test.go"}},
		{"leak", func(context.Context) { go waitForEver() }, []string{"blocked goroutines remain", "bubble_test.go"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := enclose(context.Background(), test.f)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range test.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
		})
	}
	if err := enclose(context.Background(), func(context.Context) {}); err != nil {
		t.Errorf("after those, a good one: %v", err)
	}
}

func waitForEver() { select {} }
