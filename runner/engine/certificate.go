package engine

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// unsure is the flaw of a certificate that it is not known of which one an instance has.
const unsure authority.Flaw = "?"

// certifies says why an instance can't be given another certificate.
func certifies(d Driver, i topology.Instance) error {
	runs := i.Node.Image != "" && d.Has(runner.Images) || i.Node.Local != nil && d.Has(runner.Locals)
	if c := i.Node.Certificate; !runs || c == nil || len(c.Reload) == 0 {
		return fmt.Errorf("another certificate for %s needs an image, or a local command, that has one of the run's and says how it is told (certificate: {reload: ...}); use --engine docker", i.Name)
	}
	return nil
}

const (
	certMode = 0o444
	keyMode  = 0o400
)

// WithCertificate is a node that gets a certificate, its key and the authority's certificate, where it says, as files.
func WithCertificate(n *scenarios.Node, cert, key, ca []byte) *scenarios.Node {
	c := n.Certificate
	file := func(target string, mode scenarios.Mode, parts ...[]byte) *scenarios.File {
		text := string(slices.Concat(parts...))
		return &scenarios.File{Target: target, Content: &text, Mode: mode, User: c.User}
	}
	out := *n
	out.Files = slices.Clone(n.Files)
	if c.Cert == c.Key {
		out.Files = append(out.Files, file(c.Cert, keyMode, cert, key))
	} else {
		out.Files = append(out.Files, file(c.Cert, certMode, cert), file(c.Key, keyMode, key))
	}
	if c.CA != "" {
		out.Files = append(out.Files, file(c.CA, certMode, ca))
	}
	return &out
}

// certificate is what is to be wrong with the one that is shown; the newest counts.
func (w wishes) certificate() (flaw authority.Flaw) {
	for _, one := range w {
		if one.what.Op == faults.OpCertificate {
			flaw = authority.Flaw(one.what.Certificate)
		}
	}
	return flaw
}

// certify gives an image the certificate that it is to have, and waits until it shows it. acts is held.
func (i *instance) certify(ctx context.Context) error {
	want := i.wishes.certificate()
	if want == i.shows {
		return nil
	}
	p, can := i.current().(Certified)
	if !can {
		return fmt.Errorf("give %q another certificate: the %s engine can't", i.plan.Name, i.driver.Name())
	}
	names := i.plan.Node.CertificateNames()
	pair, err := i.authority.Own(i.plan.Name, names)
	if want != "" && err == nil {
		pair, err = i.authority.Issue(names, want)
	}
	if err != nil {
		return fmt.Errorf("give %q another certificate: %w", i.plan.Name, err)
	}
	i.shows = unsure
	if err := p.Certify(ctx, pair); err != nil {
		return fmt.Errorf("give %q another certificate: %w", i.plan.Name, err)
	}
	if err := i.awaitShown(ctx, pair); err != nil {
		return fmt.Errorf("give %q another certificate: %w", i.plan.Name, err)
	}
	i.shows = want
	return nil
}

const (
	// showWithin bounds how long an image may take to show another certificate once it was told.
	showWithin = 10 * time.Second
	// showTimes is how often in a row it must: while a server changes over, its old workers may still take a connection.
	showTimes = 3
	showAgain = 20 * time.Millisecond
)

// awaitShown waits until an image shows a certificate at its handshakes, past its edges.
func (i *instance) awaitShown(ctx context.Context, pair authority.Pair) error {
	block, _ := pem.Decode(pair.Cert)
	address := i.address()
	if port := i.plan.Node.Certificate.Port; port != 0 {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		address = net.JoinHostPort(host, strconv.Itoa(port))
	}
	ctx, cancel := context.WithTimeout(ctx, showWithin)
	defer cancel()
	end, _ := ctx.Deadline()
	last := errors.New("it does not answer")
	for seen := 0; ; {
		shown, err := i.shown(ctx, address)
		switch {
		case err == nil && bytes.Equal(shown, block.Bytes):
			if seen++; seen == showTimes {
				return nil
			}
			continue
		case err == nil:
			err = errors.New("it shows another one still: does its reload have it read the files anew?")
		}
		seen = 0
		if time.Now().Before(end) && ctx.Err() == nil { // else it may tell of the end of the wait: a connection's deadline passes before the context says so
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("at %s, %s after it was told: %w", address, showWithin, last)
		case <-time.After(showAgain):
		}
	}
}

// shown is the certificate that is shown at an address, whatever it is worth.
func (i *instance) shown(ctx context.Context, address string) (der []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, showWithin/5)
	defer cancel()
	raw, err := i.testbed.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	conn := tls.Client(raw, &tls.Config{
		ServerName: i.plan.Node.Name, InsecureSkipVerify: true, // it is looked at, not trusted
		VerifyPeerCertificate: func(chain [][]byte, _ [][]*x509.Certificate) error {
			der = chain[0]
			return nil
		},
	})
	err = conn.HandshakeContext(ctx)
	if der != nil {
		return der, nil // one that wants to see ours too has shown its own
	}
	return nil, err
}

// showing tells whether an instance has shown a certificate with a flaw.
type showing struct {
	of   *instance
	flaw authority.Flaw
	done bool
}

func (*showing) begin(context.Context) {}

func (s *showing) turn(context.Context) { s.done = s.done || s.of.shows == s.flaw }

func (s *showing) deed() faults.Deed {
	d := faults.Deed{Instance: s.of.plan.Name, What: faults.Showed, Flaw: string(s.flaw)}
	if s.done {
		d.N = 1
	}
	return d
}
