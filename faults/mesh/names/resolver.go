// Package names is a small DNS resolver for images: it knows the callees of one caller, and answers as faults have it. It is the
// only importer of a DNS library.
package names

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/squallhq/squall/faults"
)

// Entry is a name's address, and one at which nobody is.
type Entry struct {
	Address netip.Addr `json:"address"`
	Old     netip.Addr `json:"old"`
}

// Resolver answers one caller over UDP. It is safe for concurrent use; its owner closes it.
type Resolver struct {
	conn    net.PacketConn
	entries map[string]Entry
	told    atomic.Pointer[map[string]faults.NameLookup]
	count   atomic.Int64
	closed  chan struct{}
	workers sync.WaitGroup
}

// ttl is for how many seconds an answer may be kept: a fault is felt by the next lookup after that.
const ttl = 1

// mostQuery is the longest question that is read; those over UDP have 512 bytes, or 4096 with an extension.
const mostQuery = 4096

// Listen begins to answer on address for these names.
func Listen(ctx context.Context, address string, entries map[string]Entry) (*Resolver, error) {
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for lookups: %w", err)
	}
	r := &Resolver{conn: conn, entries: entries, closed: make(chan struct{})}
	r.workers.Go(r.serve)
	return r, nil
}

// Address is where it listens.
func (r *Resolver) Address() string { return r.conn.LocalAddr().String() }

// Set has these names looked up so from now on, and all others as ever.
func (r *Resolver) Set(to map[string]faults.NameLookup) { r.told.Store(&to) }

// Count is how many lookups of an address were answered as a fault has it.
func (r *Resolver) Count() int64 { return r.count.Load() }

// Close ends it; what it has not answered yet is not answered any more.
func (r *Resolver) Close() error {
	close(r.closed)
	err := r.conn.Close()
	r.workers.Wait()
	return err
}

func (r *Resolver) serve() {
	buffer := make([]byte, mostQuery)
	for {
		n, from, err := r.conn.ReadFrom(buffer)
		if err != nil {
			select {
			case <-r.closed:
				return
			default:
				continue // an answer of before that nobody took
			}
		}
		answer, delay := r.answer(buffer[:n])
		switch {
		case answer == nil:
		case delay > 0:
			r.workers.Go(func() {
				select {
				case <-time.After(delay):
					_, _ = r.conn.WriteTo(answer, from) // whoever asked may have left
				case <-r.closed:
				}
			})
		default:
			_, _ = r.conn.WriteTo(answer, from)
		}
	}
}

// answer is what a question is answered with, and when; nil: with nothing.
func (r *Resolver) answer(query []byte) ([]byte, time.Duration) {
	var p dnsmessage.Parser
	head, err := p.Start(query)
	if err != nil || head.Response {
		return nil, 0
	}
	q, err := p.Question()
	if err != nil {
		return nil, 0
	}
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: head.ID, Response: true, OpCode: head.OpCode, RecursionDesired: head.RecursionDesired, RecursionAvailable: true},
		Questions: []dnsmessage.Question{q},
	}
	name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	entry, known := r.entries[name]
	at, delay := entry.Address, time.Duration(0)
	if !known {
		reply.RCode = dnsmessage.RCodeNameError
		return pack(reply), 0
	}
	if told := r.told.Load(); told != nil {
		if l, is := (*told)[name]; is {
			if q.Type == dnsmessage.TypeA { // most ask for IPv6, too, which is the same lookup
				r.count.Add(1)
			}
			switch l.Answer {
			case faults.LookupNXDomain:
				reply.RCode = dnsmessage.RCodeNameError
				return pack(reply), 0
			case faults.LookupServfail:
				reply.RCode = dnsmessage.RCodeServerFailure
				return pack(reply), 0
			case faults.LookupTimeout:
				return nil, 0
			case faults.LookupSlow:
				delay = l.Delay
			case faults.LookupOld:
				at = entry.Old
			}
		}
	}
	if q.Type == dnsmessage.TypeA && at.Is4() {
		reply.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: ttl},
			Body:   &dnsmessage.AResource{A: at.As4()},
		}}
	}
	return pack(reply), delay
}

// pack is nil for what can't be said, which is not answered.
func pack(m dnsmessage.Message) []byte {
	data, err := m.Pack()
	if err != nil {
		return nil
	}
	return data
}
