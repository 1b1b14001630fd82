package node_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

func cacheOf(size int) scenarios.Node {
	return scenarios.Node{Name: "hot", Kind: scenarios.KindCache, Keeping: scenarios.Keeping{Size: size}}
}

// reader reads items from db, and keeps them as told.
func reader(name string, how scenarios.ReadCache) scenarios.Node {
	n := service(name, "GET /items/{id}", scenarios.Step{Read: "db", Cache: &how})
	n.Endpoints = append(n.Endpoints, &scenarios.Endpoint{Match: "PUT /items/{id}", Steps: []scenarios.Step{{Write: "db"}}})
	return n
}

func (w *world) reads() float64 { return w.stats("db").Counters["squall_reads_total"] }

func (w *world) database(cost time.Duration) {
	w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, Database: scenarios.Database{ReadTime: &scenarios.Work{Mean: cost}}})
}

// What one service has read another finds, until its ttl is over, its key is written, it is the least recently used of too
// many, or the cache is flushed.
func TestSharedCache(t *testing.T) {
	inWorld(t, func(w *world) {
		w.database(20 * ms)
		w.start(cacheOf(2))
		how := scenarios.ReadCache{TTL: time.Second, In: "hot"}
		w.start(reader("a", how), "db=database", "hot=cache")
		w.start(reader("b", how), "db=database", "hot=cache")
		read := func(what, from, item string, took time.Duration) {
			t.Helper()
			if got := w.ask("GET", from+":80/items/"+item); got.status != 200 || got.took != took {
				t.Errorf("%s: got %s, want 200 after %s", what, got, took)
			}
		}
		read("first", "a", "7", 20*ms)
		read("kept for another", "b", "7", 0)
		time.Sleep(time.Second - ms)
		read("still kept", "b", "7", 0)
		time.Sleep(ms)
		read("expired", "b", "7", 20*ms)
		w.ask("PUT", "a:80/items/7")
		read("written", "b", "7", 20*ms)
		read("a second one", "a", "a%2Fb", 20*ms)
		read("the first again", "a", "7", 0)
		read("a third one", "a", "9", 20*ms)
		read("the second was the least recently used", "b", "a%2Fb", 20*ms)
		w.asks("hot", `[{"flush": "hard"}]`)
		read("flushed", "a", "9", 20*ms)
		w.counters("hot", map[string]float64{"squall_cache_entries": 1, "squall_cache_purged_total": 2, "squall_cache_hits_total": 3, "squall_cache_misses_total": 7})
		w.behave("hot", `{"errors": 1, "status": 500}`)
		read("a cache that fails is a miss", "a", "9", 20*ms)
		w.counters("a", map[string]float64{"squall_cache_errors_total": 1})
	})
}

// A cache that hangs costs a request its timeout once, and what it had is there when it is back.
func TestSharedCacheTimeout(t *testing.T) {
	inWorld(t, func(w *world) {
		w.database(20 * ms)
		w.start(cacheOf(0))
		w.start(reader("a", scenarios.ReadCache{TTL: time.Minute, In: "hot", Timeout: 30 * ms}), "db=database", "hot=cache")
		w.ask("GET", "a:80/items/7")
		w.behave("hot", `{"slow": 60000000000}`)
		if got := w.ask("GET", "a:80/items/7"); got.status != 200 || got.took != 50*ms {
			t.Errorf("hanging: got %s, want 200 after 50ms", got)
		}
		w.behave("hot", "")
		if got := w.ask("GET", "a:80/items/7"); got.status != 200 || got.took != 0 {
			t.Errorf("back: got %s, want 200 at once", got)
		}
	})
}

// 50 askers of one key within the 100 ms that a read takes: 50 reads without a lease, 1 with.
func TestLease(t *testing.T) {
	for lease, want := range map[time.Duration]float64{0: 50, 10 * time.Second: 1} {
		t.Run(lease.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.database(100 * ms)
				w.start(cacheOf(0))
				how := scenarios.ReadCache{TTL: time.Minute, In: "hot", Lease: lease}
				for _, name := range []string{"a", "b", "c", "d", "e"} {
					w.start(reader(name, how), "db=database", "hot=cache")
				}
				var all sync.WaitGroup
				for n := range 50 {
					all.Go(func() {
						time.Sleep(time.Duration(n) * ms)
						got := w.ask("GET", fmt.Sprintf("%c:80/items/7", 'a'+n%5))
						if most := 100*ms + 100*ms; got.status != 200 || got.took > most {
							t.Errorf("got %s, want 200 within %s", got, most)
						}
					})
				}
				all.Wait()
				if got := w.reads(); got != want {
					t.Errorf("%g reads, want %g", got, want)
				}
			})
		})
	}
}

// What was read before a write is not kept after it, where there is a lease: the next reader reads anew.
func TestStaleSet(t *testing.T) {
	for lease, anew := range map[time.Duration]bool{0: false, 10 * time.Second: true} {
		t.Run(lease.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.database(100 * ms)
				w.start(cacheOf(0))
				w.start(reader("a", scenarios.ReadCache{TTL: time.Minute, In: "hot", Lease: lease}), "db=database", "hot=cache")
				var first sync.WaitGroup
				first.Go(func() { w.ask("GET", "a:80/items/7") })
				time.Sleep(50 * ms)
				w.ask("PUT", "a:80/items/7")
				first.Wait()
				before := w.reads()
				w.ask("GET", "a:80/items/7")
				if got := w.reads() > before; got != anew {
					t.Errorf("read anew: %t, want %t", got, anew)
				}
				refused := 0.0
				if anew {
					refused = 1
				}
				w.counters("hot", map[string]float64{"squall_stale_sets_total": refused})
			})
		})
	}
}

// A lease whose holder fails is another's at once, and one whose holder hangs another's when its time is over.
func TestLeaseIsGivenBackOrEnds(t *testing.T) {
	inWorld(t, func(w *world) {
		w.database(20 * ms)
		w.start(cacheOf(0))
		w.start(reader("a", scenarios.ReadCache{TTL: time.Minute, In: "hot", Lease: 2 * time.Second}), "db=database", "hot=cache")
		w.behave("db", `{"errors": 1}`)
		if got := w.ask("GET", "a:80/items/7"); got.status != 502 {
			t.Errorf("got %s, want 502", got)
		}
		w.behave("db", "")
		time.Sleep(ms)
		if got := w.ask("GET", "a:80/items/7"); got.status != 200 || got.took != 20*ms {
			t.Errorf("given back: got %s, want 200 after 20ms", got)
		}
		if got := w.ask("GET", "hot:80/keys/db%2F8", "Squall-Lease", "2s"); got.header.Get("Squall-Lease") == "" { // it never comes back
			t.Errorf("got no lease: %s", got)
		}
		got := w.ask("GET", "a:80/items/8")
		if got.status != 200 || got.took < 2*time.Second || got.took > 2*time.Second+120*ms {
			t.Errorf("got %s, want 200 after 2s, a look and a read", got)
		}
	})
}

// The herd of NSDI 2013: a key that is read 100 times a second, each read of the store 50 ms, and written once a second.
// Without leases each write is followed by 1 + 100*0.05 = 6 reads; with one lease in 10 s and the copy from before for
// those who have none, the store is asked once in 10 s. (Facebook's own figure for its herd-prone keys: 17,000/s to 1,300/s.)
func TestHerd(t *testing.T) {
	for _, test := range []struct {
		name string
		how  scenarios.ReadCache
		want float64 // reads of the store in 60 s
	}{
		{"look-aside", scenarios.ReadCache{}, 60 * 6},
		{"lease", scenarios.ReadCache{Lease: 10 * time.Second}, 60},
		{"lease and stale", scenarios.ReadCache{Lease: 10 * time.Second, Stale: time.Minute}, 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.database(50 * ms)
				w.start(cacheOf(0))
				test.how.TTL, test.how.In = time.Hour, "hot"
				n := reader("a", test.how)
				n.Workers = 1000
				w.start(n, "db=database", "hot=cache")
				w.ask("GET", "a:80/items/7")
				before := w.reads()
				var all sync.WaitGroup
				for n := range 6000 {
					if n%100 == 0 {
						w.ask("PUT", "a:80/items/7")
					}
					all.Go(func() { w.ask("GET", "a:80/items/7") })
					time.Sleep(10 * ms)
				}
				all.Wait()
				if got := w.reads() - before; got < test.want*.8 || got > test.want*1.2 {
					t.Errorf("%g reads, want %g", got, test.want)
				}
			})
		})
	}
}

// A key stays at its instance: when one of three is gone, its third of the keys miss, and the others do not.
func TestKeysStayWhereTheyAre(t *testing.T) {
	inWorld(t, func(w *world) {
		w.database(0)
		n := reader("a", scenarios.ReadCache{TTL: time.Hour, In: "hot"})
		c := w.config(n, "db=database")
		var stops []func()
		for r := range 3 {
			one := cacheOf(0)
			one.Name = fmt.Sprint("hot", r)
			stops = append(stops, w.run(one))
			c.Upstreams["hot"] = append(c.Upstreams["hot"], node.Upstream{Instance: one.Name + "-1", Address: one.Name + ":80", Kind: scenarios.KindCache})
		}
		start(w.t, w.network, c)
		ask := func() (read float64) {
			before := w.reads()
			for k := range 300 {
				w.ask("GET", fmt.Sprint("a:80/items/", k))
			}
			return w.reads() - before
		}
		if got := ask(); got != 300 {
			t.Errorf("cold: %g reads, want 300", got)
		}
		if got := ask(); got != 0 {
			t.Errorf("warm: %g reads, want none", got)
		}
		stops[1]()
		if got := ask(); got < 70 || got > 130 {
			t.Errorf("one of three gone: %g reads of 300, want about 100", got)
		}
	})
}

// A call's answer is kept by its path; a degraded one is not, and says so to everybody who asked.
func TestCachedCall(t *testing.T) {
	inWorld(t, func(w *world) {
		var asked atomic.Int64
		w.leaf("config", func(rw http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			if r.URL.Path == "/half/x" {
				rw.Header().Set(wire.HeaderDegraded, "half")
			}
		})
		w.start(cacheOf(0))
		n := service("a", "GET /{what}/{id}", scenarios.Step{
			Call:  &scenarios.Call{Node: "config", Method: "GET", Path: "/{what}/x"},
			Cache: &scenarios.ReadCache{TTL: time.Minute, Coalesce: true},
		})
		w.start(n, "config")
		for _, r := range []struct {
			path     string
			asked    int64
			degraded string
		}{{"/flags/1", 1, ""}, {"/flags/2", 1, ""}, {"/keys/1", 2, ""}, {"/half/1", 3, "half"}, {"/half/2", 4, "half"}} {
			got := w.ask("GET", "a:80"+r.path)
			if got.status != 200 || asked.Load() != r.asked || got.header.Get(wire.HeaderDegraded) != r.degraded {
				t.Errorf("%s: got %s, degraded %q, asked %d; want 200, %q, %d", r.path, got, got.header.Get(wire.HeaderDegraded), asked.Load(), r.degraded, r.asked)
			}
		}
	})
}

// While the source fails, a copy past its ttl is served: degraded after the source has been tried, or as the last good one at
// once, and asked for anew once a second at most.
func TestStaticStability(t *testing.T) {
	for _, test := range []struct {
		name     string
		how      scenarios.ReadCache
		status   int
		degraded bool
		took     time.Duration
		asked    int64
	}{
		{"nothing", scenarios.ReadCache{}, 504, false, 200 * ms, 25},
		{"stale_if_error", scenarios.ReadCache{StaleIfError: time.Minute}, 200, true, 200 * ms, 25},
		{"last_good", scenarios.ReadCache{LastGood: true}, 200, false, 0, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var down atomic.Bool
				var asked atomic.Int64
				w.leaf("config", func(http.ResponseWriter, *http.Request) {
					asked.Add(1)
					if down.Load() {
						time.Sleep(time.Minute)
					}
				})
				test.how.TTL = 2 * time.Second
				n := service("a", "GET /", scenarios.Step{Call: &scenarios.Call{Node: "config", Method: "GET", Path: "/"}, Cache: &test.how})
				n.Policy.Timeout = 200 * ms
				w.start(n, "config")
				w.ask("GET", "a:80/")
				down.Store(true)
				time.Sleep(2 * time.Second)
				asked.Store(0)
				for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
					got := w.ask("GET", "a:80/")
					if got.status != test.status || (got.header.Get(wire.HeaderDegraded) != "") != test.degraded || got.took != test.took {
						t.Fatalf("down: got %s %v, want %d after %s, degraded %t", got, got.header, test.status, test.took, test.degraded)
					}
					time.Sleep(200*ms - test.took)
				}
				if asked.Load() != test.asked {
					t.Errorf("the source was asked %d times in 5 s, want %d", asked.Load(), test.asked)
				}
				down.Store(false)
				time.Sleep(time.Second)
				w.ask("GET", "a:80/")
				time.Sleep(ms)
				if got := w.ask("GET", "a:80/"); got.status != 200 || got.header.Get(wire.HeaderDegraded) != "" || got.took != 0 {
					t.Errorf("back: got %s", got)
				}
			})
		})
	}
}

// BenchmarkSharedCacheHit is a read that a shared cache answers, over loopback, client included.
func BenchmarkSharedCacheHit(b *testing.B) {
	listen := func(n scenarios.Node, up map[string][]node.Upstream) node.Config {
		return node.Config{Node: n, Upstreams: up, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: b.TempDir()}
	}
	hot := start(b, node.TCP{}, listen(cacheOf(0), nil))
	leaf := start(b, node.TCP{}, listen(service("leaf", "GET /"), nil))
	for name, how := range map[string]*scenarios.ReadCache{"none": nil, "memory": {TTL: time.Hour}, "shared": {TTL: time.Hour, In: "hot"}, "lease": {TTL: time.Hour, In: "hot", Lease: 10 * time.Second}} {
		b.Run(name, func(b *testing.B) {
			n := service("a", "GET /", scenarios.Step{Call: &scenarios.Call{Node: "leaf", Method: "GET", Path: "/"}, Cache: how})
			a := start(b, node.TCP{}, listen(n, map[string][]node.Upstream{
				"hot": upstream("hot", scenarios.KindCache, hot.Listen), "leaf": upstream("leaf", scenarios.KindService, leaf.Listen),
			}))
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				get(b, client, a.Listen, n)
			}
		})
	}
}
