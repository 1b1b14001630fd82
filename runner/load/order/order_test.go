package order_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/scenarios"
)

// filler gives every field of a value something that is not zero, a different one each, and pointers on the way; what contains itself ends
// after some rounds.
type filler struct{ n int64 }

func (f *filler) fill(v reflect.Value, depth int) {
	f.n++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(-f.n % 100)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.n % 100))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1 / float64(f.n))
	case reflect.String:
		v.SetString(string(rune('a'+f.n%26)) + "\x00é")
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i), depth)
		}
	}
	if depth == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), depth-1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0), depth-1)
		f.fill(v.Index(1), depth-1)
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i), depth-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key, depth-1)
			f.fill(value, depth-1)
			v.SetMapIndex(key, value)
		}
	}
}

func carried[T any](t *testing.T, v T) T {
	t.Helper()
	b, err := order.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	var got T
	if err := order.Decode(b, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// Every field of an order arrives, those too that no report and no JSON ever has, and every one that somebody adds.
func TestAnOrderArrivesWhole(t *testing.T) {
	t.Parallel()
	for depth := range 7 {
		var want order.Order
		(&filler{}).fill(reflect.ValueOf(&want).Elem(), depth)
		if got := carried(t, want); !reflect.DeepEqual(got, want) {
			t.Errorf("%d deep (-want +got):\n%s", depth, cmp.Diff(want, got))
		}
	}
}

// What is zero, empty or absent stays what it was: a coefficient of variation of 0 is not one that nobody said.
func TestZeroIsNotAbsent(t *testing.T) {
	t.Parallel()
	zero := 0.
	want := order.Order{
		Loads: []*scenarios.Load{{Name: "a", APIKey: "secret", Think: &scenarios.Work{CV: &zero}, Headers: map[string]string{}}, nil},
		Edges: map[string][]order.Edge{"none": nil, "empty": {}}, From: math.MinInt64, Until: math.MaxInt64, Seed: math.MaxUint64,
		Credentials: map[string]order.Credentials{"a": {CA: []byte{}, Cert: []byte("x")}},
		Targets:     map[string]*scenarios.Node{"a": nil},
	}
	got := carried(t, want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
	}
	if b, err := order.Encode(struct{ At time.Time }{}); err == nil {
		t.Errorf("a time, which has its own inside, was written as % x", b)
	}
	if nan := carried(t, struct{ F float64 }{math.NaN()}); !math.IsNaN(nan.F) {
		t.Error("what is no number is one")
	}
}

// What is cut, longer, of another type or of another version is refused, and nothing that comes in makes it ask for more memory than it has bytes.
func TestABrokenOrderIsRefused(t *testing.T) {
	t.Parallel()
	var o order.Order
	(&filler{}).fill(reflect.ValueOf(&o).Elem(), 3)
	whole, err := order.Encode(o)
	if err != nil {
		t.Fatal(err)
	}
	var got order.Order
	for n := range len(whole) {
		if order.Decode(whole[:n], &got) == nil {
			t.Fatalf("%d of %d bytes are read as an order", n, len(whole))
		}
	}
	if order.Decode(append(whole, 0), &got) == nil {
		t.Error("a byte too many is read")
	}
	var other struct{ Loads int }
	if order.Decode(whole, &other) == nil {
		t.Error("another type is read")
	}
	long := append(whole[:8:8], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)
	if order.Decode(long, &got) == nil {
		t.Error("2^62 loads are read")
	}
}

// The parts of a number add up to it, the owned ones of all shards are all, and each is somebody's alone.
func TestShards(t *testing.T) {
	t.Parallel()
	for of := range 9 {
		whole, owners := 0, make([]int, 100)
		for index := range max(of, 1) {
			s := order.Shard{Of: of, Index: index}
			whole += s.Share(29)
			for n := range owners {
				if s.Owns(uint64(n)) {
					owners[n]++
				}
				if next := s.Next(uint64(n)); !s.Owns(next) || next < uint64(n) || next >= uint64(n+max(of, 1)) {
					t.Errorf("%+v: after %d comes %d", s, n, next)
				}
			}
		}
		for n, count := range owners {
			if count != 1 {
				t.Errorf("of %d: %d has %d owners", of, n, count)
			}
		}
		if whole != 29 {
			t.Errorf("29 divided among %d are %d", of, whole)
		}
	}
	loads := []*scenarios.Load{{Name: "few", MaxInFlight: 3, Rate: 1}, {Name: "users", Users: 2, MaxInFlight: 1}}
	if err := order.Check(loads, 3); err != nil {
		t.Error(err)
	}
	if order.Check(loads, 4) == nil {
		t.Error("3 in flight are divided among 4")
	}
}

// Whoever watches is told before whoever changed goes on, and of what there was before.
func TestNotices(t *testing.T) {
	t.Parallel()
	var n order.Notices
	n.Change("a", func(o *order.Notice) { o.Withdrawn = true })
	var heard []map[string]order.Notice
	end := n.Watch(func(all map[string]order.Notice) { heard = append(heard, all) })
	n.Change("b", func(o *order.Notice) { o.Lookup = "nxdomain" })
	n.Change("a", func(o *order.Notice) { o.Withdrawn = false })
	end()
	n.Change("b", func(o *order.Notice) { o.Lookup = "" })
	want := []map[string]order.Notice{{"a": {Withdrawn: true}}, {"a": {Withdrawn: true}, "b": {Lookup: "nxdomain"}}, {"b": {Lookup: "nxdomain"}}}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n.Of("b") != (order.Notice{}) || (*order.Notices)(nil).Of("b") != (order.Notice{}) {
		t.Error("what nobody says is something")
	}
}
