package process

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

var _ engine.Certified = (*local)(nil)

// certified is an instance's node with its certificate among its files, made for the run; one that has none is itself.
func (t *testbed) certified(i topology.Instance) (*scenarios.Node, error) {
	n := i.Node
	if n.Certificate == nil {
		return n, nil
	}
	pair, err := t.Authority.Own(i.Name, n.CertificateNames())
	if err != nil {
		return nil, err
	}
	return engine.WithCertificate(n, pair.Cert, pair.Key, t.Authority.PEM), nil
}

// reloads are the signals that a command may be told by.
var reloads = map[string]syscall.Signal{
	"SIGHUP": syscall.SIGHUP, "SIGUSR1": syscall.SIGUSR1, "SIGUSR2": syscall.SIGUSR2, "SIGWINCH": syscall.SIGWINCH,
}

// Certify gives the command another certificate and tells it.
func (k *local) Certify(ctx context.Context, p authority.Pair) error {
	own := k.given.Node.Certificate
	n := engine.WithCertificate(&scenarios.Node{Container: scenarios.Container{Certificate: own}}, p.Cert, p.Key, k.testbed.Authority.PEM)
	if err := k.ground.root.Replace(n.Files); err != nil {
		return err
	}
	if len(own.Reload) == 1 {
		if own.Reload[0] == scenarios.ReloadNone {
			return nil
		}
		if signal, is := reloads[own.Reload[0]]; is {
			return k.cmd.Process.Signal(signal)
		}
	}
	said, err := k.run(ctx, own.Reload, reloadWithin, fmt.Errorf("it had not ended after %s", reloadWithin))
	if err == nil || said == "" {
		return err
	}
	return fmt.Errorf("%s: %w: %s", own.Reload[0], err, said)
}

// reloadWithin bounds the command by which another is told.
const reloadWithin = 20 * time.Second
