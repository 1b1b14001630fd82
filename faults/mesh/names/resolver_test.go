package names

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/meshtest"
)

// Go's own resolver looks names up at it: as they are, and as faults have it.
func TestLookups(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r, err := Listen(t.Context(), "127.0.0.1:0", map[string]Entry{
		"payments": {netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.6")}, "db": {netip.MustParseAddr("10.0.0.3"), netip.Addr{}},
	})
	meshtest.Check(t, err)
	defer func() { meshtest.Check(t, r.Close()) }()
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", r.Address())
	}}
	look := func(name string) (string, *net.DNSError) {
		ctx, cancel := context.WithTimeout(t.Context(), meshtest.Patience)
		defer cancel()
		ips, err := resolver.LookupHost(ctx, name+".")
		var failed *net.DNSError
		if errors.As(err, &failed) {
			return "", failed
		}
		meshtest.Check(t, err)
		return ips[0], nil
	}
	want := func(what, name, ip string) {
		t.Helper()
		if got, err := look(name); got != ip || err != nil {
			t.Errorf("%s: %s is at %q, %v; want %s", what, name, got, err, ip)
		}
	}
	want("as ever", "payments", "10.0.0.2")
	want("as ever", "PAYMENTS", "10.0.0.2")
	if _, err := look("elsewhere"); err == nil || !err.IsNotFound {
		t.Errorf("a name that it does not know: %v", err)
	}
	if r.Count() != 0 {
		t.Errorf("%d lookups met a fault that is not on", r.Count())
	}
	r.Set(map[string]faults.NameLookup{"payments": {Answer: faults.LookupNXDomain}})
	if _, err := look("payments"); err == nil || !err.IsNotFound {
		t.Errorf("nxdomain: %v", err)
	}
	want("with a fault of another's", "db", "10.0.0.3")
	r.Set(map[string]faults.NameLookup{"payments": {Answer: faults.LookupServfail}})
	if _, err := look("payments"); err == nil || err.IsNotFound || !err.IsTemporary {
		t.Errorf("servfail: %v", err)
	}
	before := r.Count()
	r.Set(map[string]faults.NameLookup{"payments": {Answer: faults.LookupOld}})
	want("old", "payments", "10.0.0.6")
	if n := r.Count() - before; n != 1 {
		t.Errorf("one lookup counts %d times", n)
	}
	const slow = 50 * time.Millisecond
	r.Set(map[string]faults.NameLookup{"payments": {Answer: faults.LookupSlow, Delay: slow}})
	begin := time.Now()
	want("slow", "payments", "10.0.0.2")
	if took := time.Since(begin); took < slow {
		t.Errorf("a slow lookup took %s", took)
	}
	r.Set(map[string]faults.NameLookup{"payments": {Answer: faults.LookupTimeout}})
	quick, cancel := context.WithTimeout(t.Context(), slow)
	defer cancel()
	var failed *net.DNSError
	if _, err := resolver.LookupHost(quick, "payments."); !errors.As(err, &failed) || !failed.IsTimeout {
		t.Errorf("timeout: %v", err)
	}
	r.Set(nil)
	want("lifted", "payments", "10.0.0.2")
}

// What is no question is answered with nothing, and harms nobody.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1})
	r := &Resolver{entries: map[string]Entry{"a": {Address: netip.MustParseAddr("10.0.0.2")}}}
	f.Fuzz(func(t *testing.T, query []byte) {
		if answer, _ := r.answer(query); answer != nil && len(answer) < 12 {
			t.Errorf("an answer of %d bytes", len(answer))
		}
	})
}
