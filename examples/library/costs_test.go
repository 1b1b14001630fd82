package main

import (
	"strings"
	"testing"
)

func TestWriteCosts(t *testing.T) {
	var out strings.Builder
	err := writeCosts(&out, strings.NewReader(`goos: linux
BenchmarkRequestToCDN/off-2         	 7179	     50000 ns/op	   15089 B/op	     173 allocs/op
BenchmarkRequestToCDN/hit_or_so-2   	18156	     20000 ns/op	    7302 B/op	      83 allocs/op
BenchmarkRequestToCDN/off-2         	 7179	     90000 ns/op	   15089 B/op	     173 allocs/op
BenchmarkRequestToCDN/hit_or_so-2   	18156	     21000 ns/op	    7302 B/op	      83 allocs/op
BenchmarkRequestToCDN/off-2         	 7179	     52000 ns/op	   15089 B/op	     173 allocs/op
BenchmarkRequestToCDN/hit_or_so-2   	18156	     22000 ns/op	    7302 B/op	      83 allocs/op
BenchmarkThreeHops-2                	 7179	     46478 ns/op	   15089 B/op	     173 allocs/op
BenchmarkGuard/none                 	 4082230	    64.8 ns/op	       0 B/op	       0 allocs/op
BenchmarkGuard/hedge                	   95853	      2474 ns/op	     776 B/op	      10 allocs/op
PASS
`))
	if err != nil {
		t.Fatal(err)
	}
	want := costsPreface + `| request to CDN | hit or so | 50.0 µs | 20.0 µs | −30.0 µs | -90 |
| guard | hedge | 65 ns | 2.5 µs | +2.4 µs | +10 |
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if err := writeCosts(&out, strings.NewReader("PASS\n")); err == nil {
		t.Error("no benchmarks: no error")
	}
}
