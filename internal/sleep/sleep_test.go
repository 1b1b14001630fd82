package sleep_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/internal/sleep"
)

func TestFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		began := time.Now()
		if err := sleep.For(ctx, 3*time.Second); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %s, want 3 s", err, time.Since(began))
		}
		if err := sleep.For(ctx, -time.Second); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %s, want no wait for what is over", err, time.Since(began))
		}
		time.AfterFunc(time.Second, func() { cancel(why) })
		if err := sleep.For(ctx, time.Hour); !errors.Is(err, why) || time.Since(began) != 4*time.Second {
			t.Errorf("%v after %s, want the context's cause at its end", err, time.Since(began))
		}
	})
}
