package engine

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// deaf is a testbed on which everybody shows one certificate, a second after being asked, and in the last two seconds of a wait nobody answers.
type deaf struct {
	Testbed
	shows tls.Certificate
	since time.Time
}

func (d *deaf) Dial(ctx context.Context, _ string) (net.Conn, error) {
	deadline, _ := ctx.Deadline()
	if time.Until(d.since.Add(showWithin)) < 2*time.Second {
		time.Sleep(time.Until(deadline)) // as a connection's deadline passes: when the context's does, and not after it
		return nil, os.ErrDeadlineExceeded
	}
	time.Sleep(time.Second)
	near, far := net.Pipe()
	go func() {
		_ = tls.Server(far, &tls.Config{Certificates: []tls.Certificate{d.shows}}).Handshake()
		_ = far.Close()
	}()
	return near, nil
}

// Who waits in vain for another certificate says what was shown, and not that its own patience was over in the middle of a look.
func TestTheEndOfAWaitIsNoAnswer(t *testing.T) {
	a, err := authority.New("run")
	if err != nil {
		t.Fatal(err)
	}
	old, err := a.Own("web-1", []string{"web"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := a.Issue([]string{"web"}, authority.Expired)
	if err != nil {
		t.Fatal(err)
	}
	shows, err := tls.X509KeyPair(old.Cert, old.Key)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 { // which of two that are due at once comes first is by chance
		synctest.Test(t, func(t *testing.T) {
			i := &instance{system: &system{testbed: &deaf{shows: shows, since: time.Now()}}}
			i.plan = topology.Instance{Name: "web-1", Node: &scenarios.Node{Name: "web", Container: scenarios.Container{Certificate: &scenarios.Certificate{}}}}
			err := i.awaitShown(t.Context(), other)
			if err == nil || !strings.Contains(err.Error(), "it shows another one still") {
				t.Errorf("it says %v", err)
			}
		})
	}
}
