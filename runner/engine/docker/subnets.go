package docker

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"

	"github.com/docker/docker/api/types/network"
)

// subnetBits is the size of every network: a /29 has room for the engine's gateway, the mesh and one instance.
const subnetBits = 29

// subnet is one network's addresses.
type subnet struct{ prefix netip.Prefix }

// gateway is the engine's own, which it insists on; nothing answers there.
func (s subnet) gateway() netip.Addr { return s.host(1) }

// mesh is the mesh container's.
func (s subnet) mesh() netip.Addr { return s.host(2) }

// node is the instance's.
func (s subnet) node() netip.Addr { return s.host(3) }

// nobody is an address that nobody has.
func (s subnet) nobody() netip.Addr { return s.host(6) }

func (s subnet) host(n uint32) netip.Addr { return add(s.prefix.Addr(), n) }

func add(a netip.Addr, n uint32) netip.Addr {
	four := a.As4()
	binary.BigEndian.PutUint32(four[:], binary.BigEndian.Uint32(four[:])+n)
	return netip.AddrFrom4(four)
}

// subnets hands out free blocks of a range. Runs that start at the same moment don't see each
// other's networks yet, so each begins at a place of its own, and the engine has the last word.
type subnets struct {
	within netip.Prefix
	taken  []netip.Prefix
	total  uint32

	mu    sync.Mutex
	next  uint32
	given uint32
}

func newSubnets(within netip.Prefix, taken []netip.Prefix, run string) *subnets {
	total := uint32(1) << (subnetBits - within.Bits())
	h := fnv.New32a()
	_, _ = h.Write([]byte(run)) // a hash takes everything
	return &subnets{within: within, taken: taken, total: total, next: h.Sum32() % total}
}

// take gives the next block that overlaps nothing known.
func (s *subnets) take() (subnet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ; s.given < s.total; s.given++ {
		block := netip.PrefixFrom(add(s.within.Addr(), s.next<<(32-subnetBits)), subnetBits)
		s.next = (s.next + 1) % s.total
		if !overlaps(block, s.taken) {
			s.given++
			return subnet{block}, nil
		}
	}
	return subnet{}, fmt.Errorf("find a free subnet: every /%d of %s is taken by another network or route; another range gives more", subnetBits, s.within)
}

func overlaps(p netip.Prefix, others []netip.Prefix) bool {
	for _, o := range others {
		if p.Overlaps(o) {
			return true
		}
	}
	return false
}

// networkPrefixes are the subnets of the engine's networks.
func networkPrefixes(networks []network.Summary) []netip.Prefix {
	var out []netip.Prefix
	for _, n := range networks {
		for _, c := range n.IPAM.Config {
			if p, err := netip.ParsePrefix(c.Subnet); err == nil && p.Addr().Is4() {
				out = append(out, p.Masked())
			}
		}
	}
	return out
}

// hostPrefixes are the networks that this machine itself is on or has routes to; the default
// route is not one. What can't be read is left out: the engine refuses what overlaps on its side.
func hostPrefixes() []netip.Prefix {
	var out []netip.Prefix
	addresses, err := net.InterfaceAddrs()
	if err == nil {
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
				out = append(out, p.Masked())
			}
		}
	}
	routes, err := os.Open("/proc/net/route")
	if err != nil {
		return out
	}
	defer routes.Close()
	for lines := bufio.NewScanner(routes); lines.Scan(); {
		if p, ok := routePrefix(lines.Text()); ok {
			out = append(out, p)
		}
	}
	return out
}

// routePrefix reads a line of /proc/net/route: interface, destination and, as the eighth field,
// the mask, both as hexadecimal in the machine's (little-endian) order.
func routePrefix(line string) (netip.Prefix, bool) {
	fields := strings.Fields(line)
	if len(fields) < 8 {
		return netip.Prefix{}, false
	}
	destination, err := hex.DecodeString(fields[1])
	mask, err2 := hex.DecodeString(fields[7])
	if err != nil || err2 != nil || len(destination) != 4 || len(mask) != 4 {
		return netip.Prefix{}, false
	}
	var address, ones [4]byte
	binary.BigEndian.PutUint32(address[:], binary.LittleEndian.Uint32(destination))
	binary.BigEndian.PutUint32(ones[:], binary.LittleEndian.Uint32(mask))
	bits, size := net.IPMask(ones[:]).Size()
	if size == 0 || bits == 0 {
		return netip.Prefix{}, false // the default route, or a mask with holes
	}
	return netip.PrefixFrom(netip.AddrFrom4(address), bits).Masked(), true
}
