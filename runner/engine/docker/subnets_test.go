package docker

import (
	"net/netip"
	"strings"
	"testing"
)

func TestSubnetsSkipWhatIsTaken(t *testing.T) {
	within := netip.MustParsePrefix("198.18.0.0/27") // four blocks
	taken := []netip.Prefix{netip.MustParsePrefix("198.18.0.8/30"), netip.MustParsePrefix("198.18.0.24/29"), netip.MustParsePrefix("10.0.0.0/8")}
	s := newSubnets(within, taken, "any run")
	got := map[netip.Prefix]bool{}
	for range 2 {
		one, err := s.take()
		if err != nil {
			t.Fatal(err)
		}
		got[one.prefix] = true
	}
	for _, want := range []string{"198.18.0.0/29", "198.18.0.16/29"} {
		if !got[netip.MustParsePrefix(want)] {
			t.Errorf("%s was not given; got %v", want, got)
		}
	}
	if _, err := s.take(); err == nil || !strings.Contains(err.Error(), "198.18.0.0/27") {
		t.Errorf("a range without free blocks: %v, want an error that names it", err)
	}
}

func TestSubnetAddresses(t *testing.T) {
	s := subnet{netip.MustParsePrefix("198.18.255.248/29")}
	for _, c := range []struct {
		what string
		got  netip.Addr
		want string
	}{
		{"gateway", s.gateway(), "198.18.255.249"}, {"mesh", s.mesh(), "198.18.255.250"}, {"node", s.node(), "198.18.255.251"},
	} {
		if c.got != netip.MustParseAddr(c.want) {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
	if next := add(netip.MustParseAddr("198.18.255.255"), 1); next != netip.MustParseAddr("198.19.0.0") {
		t.Errorf("the address after 198.18.255.255 is %s", next)
	}
}

func TestDifferentRunsBeginAtDifferentPlaces(t *testing.T) {
	first := map[netip.Prefix]bool{}
	for _, run := range []string{"a", "b", "c", "d", "e"} {
		s, err := newSubnets(DefaultRange, nil, run).take()
		if err != nil {
			t.Fatal(err)
		}
		if !DefaultRange.Contains(s.prefix.Addr()) {
			t.Errorf("%s is outside of %s", s.prefix, DefaultRange)
		}
		first[s.prefix] = true
	}
	if len(first) < 4 {
		t.Errorf("five runs began at %d places", len(first))
	}
}

func TestRoutePrefix(t *testing.T) {
	for _, c := range []struct {
		line, want string
	}{
		{"docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0", "172.17.0.0/16"},
		{"eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0", ""},
		{"eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0", "192.0.2.0/24"},
		{"Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT", ""},
		{"", ""},
	} {
		got, ok := routePrefix(c.line)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%q: %s, %v; want %q", c.line, got, ok, c.want)
		}
	}
}

func TestRangeIsChecked(t *testing.T) {
	for _, c := range []struct{ prefix, wrong string }{
		{"198.18.0.0/15", ""}, {"10.9.8.7/16", ""}, {"10.0.0.0/30", "/29"}, {"fd00::/64", "IPv4"},
	} {
		_, err := New(Options{Range: netip.MustParsePrefix(c.prefix)})
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, want an error with %q", c.prefix, err, c.wrong)
		}
	}
}
