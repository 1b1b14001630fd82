// Package exposed reads what somebody else's program counts itself, as it tells Prometheus: metrics in its text format, as many as a
// record has room for.
package exposed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

// What is read of one program at most.
const (
	// Most are the series in a record of one instance.
	Most = 100
	// mostBytes are those of an answer, mostName those of a series with its labels, mostTold the names of what was left out.
	mostBytes = 2 << 20
	mostName  = 300
	mostTold  = 100
)

// Reading is what one answer came to.
type Reading struct {
	// Counters are the values by the name of the series, with its labels where it has any: name{a="b"}. One that is no number is not there.
	Counters map[string]float64
	// Types are counter or gauge by metric, where the ending of its name does not say what it is.
	Types map[string]string
	// LeftOut are metrics that there was no room for, all or some of their series; the last may tell how many more.
	LeftOut []string
	// Absent are the names of Keep for which nothing was ever there.
	Absent []string
}

// Reader reads one instance again and again: what it has chosen once stays chosen.
type Reader struct {
	// Keep are the metrics that are read, * stands for any end or part of a name; empty: all but the buckets of histograms.
	Keep []string

	mu     sync.Mutex // guards what follows
	chosen map[string]bool
	met    map[string]bool // of Keep
}

// Read asks once. ctx bounds how long that may take.
func (r *Reader) Read(ctx context.Context, client *http.Client, url string) (Reading, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Reading{}, err
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4")
	own := *client // who sends elsewhere is not who was asked
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := own.Do(request)
	if err != nil {
		return Reading{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return Reading{}, fmt.Errorf("it answers GET %s with %s", request.URL.Path, response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, mostBytes+1))
	switch {
	case err != nil:
		return Reading{}, err
	case len(text) > mostBytes:
		return Reading{}, fmt.Errorf("it answers with more than %d MB", mostBytes>>20)
	}
	return r.Parse(text)
}

// Parse is what an answer's text comes to. One without any metric is an error: it is no exporter's.
func (r *Reader) Parse(text []byte) (Reading, error) {
	all, err := samples(bytes.NewReader(text))
	switch {
	case err != nil:
		return Reading{}, fmt.Errorf("what it answers is not in Prometheus' text format: %w", err)
	case len(all) == 0:
		return Reading{}, errors.New("it answers without any metric")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.choose(all), nil
}

// choose is a reading of those samples that were chosen before, and of as many more as there is room for.
func (r *Reader) choose(all []sample) Reading {
	if r.chosen == nil {
		r.chosen, r.met = map[string]bool{}, map[string]bool{}
	}
	out := Reading{Counters: map[string]float64{}, Types: map[string]string{}}
	slices.SortStableFunc(all, inOrder)
	left := map[string]bool{}
	for _, s := range all {
		if !r.wants(s) {
			continue
		}
		if !r.chosen[s.series] && (len(r.chosen) >= Most || len(s.series) > mostName || reserved(s.name)) {
			left[s.name] = true
			continue
		}
		r.chosen[s.series] = true
		if !s.known {
			continue
		}
		out.Counters[s.series] = s.value
		if s.kind != "" {
			out.Types[s.name] = s.kind
		}
	}
	if len(r.Keep) == 0 {
		for _, s := range all {
			if s.bucket {
				left[s.name] = true
			}
		}
	}
	out.LeftOut = told(left)
	for _, name := range r.Keep {
		if !r.met[name] {
			out.Absent = append(out.Absent, name)
		}
	}
	return out
}

// wants tells a sample that is to be in the record if there is room. A histogram's own name is for its count and sum.
func (r *Reader) wants(s sample) bool {
	if len(r.Keep) == 0 {
		return !s.bucket
	}
	wanted := false
	for _, pattern := range r.Keep {
		if like(pattern, s.name) || !s.bucket && like(pattern, s.family) {
			r.met[pattern], wanted = true, true
		}
	}
	return wanted
}

func like(pattern, name string) bool {
	is, err := path.Match(pattern, name)
	return is && err == nil
}

// reserved are the names by which the record has what the harness itself counts.
func reserved(name string) bool {
	return strings.HasPrefix(name, "squall_") || name == "cpu_seconds_total"
}

// runtimes begin what every program of a language counts: its own comes first.
var runtimes = []string{"go_", "process_", "python_", "jvm_", "nodejs_", "erlang_", "ruby_", "dotnet_", "promhttp_", "scrape_"}

func inOrder(a, b sample) int {
	late := func(s sample) int {
		if slices.ContainsFunc(runtimes, func(of string) bool { return strings.HasPrefix(s.name, of) }) {
			return 1
		}
		return 0
	}
	if d := late(a) - late(b); d != 0 {
		return d
	}
	return strings.Compare(a.series, b.series)
}

// told are names, sorted; of many, how many more there are.
func told(names map[string]bool) []string {
	all := slices.Sorted(maps.Keys(names))
	if len(all) > mostTold {
		all = append(all[:mostTold:mostTold], fmt.Sprintf("and %d more", len(all)-mostTold))
	}
	return all
}
