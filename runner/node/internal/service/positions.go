package service

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/wire"
)

// positionsOf is up to where a user has written, by the database.
type positionsOf struct {
	known map[string]int64 // all that this request knows of
	fresh map[string]int64 // what it wrote itself: what its answer says
}

// readPositions adds what a header says; a later position of a database counts.
func readPositions(header string, into map[string]int64) {
	for one := range strings.SplitSeq(header, ",") {
		database, text, _ := strings.Cut(strings.TrimSpace(one), "=")
		if position, err := strconv.ParseInt(text, 10, 64); err == nil && database != "" {
			into[database] = max(into[database], position)
		}
	}
}

func spellPositions(positions map[string]int64) string {
	var b strings.Builder
	for _, database := range slices.Sorted(maps.Keys(positions)) {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(database + "=" + strconv.FormatInt(positions[database], 10))
	}
	return b.String()
}

// where is what is known, read from the request when first asked for; nil where nothing is. v.mu is held.
func (v *request) where(begin bool) *positionsOf {
	if v.positions != nil {
		return v.positions
	}
	header := v.request.Header.Get(wire.HeaderPosition)
	if header == "" && !begin {
		return nil
	}
	v.positions = &positionsOf{known: make(map[string]int64), fresh: make(map[string]int64)}
	readPositions(header, v.positions.known)
	return v.positions
}

// written is up to where the user has written to a database; 0: nothing is known.
func (v *request) written(database string) int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	if p := v.where(false); p != nil {
		return p.known[database]
	}
	return 0
}

// wroteOne notes a write; a position of 0 says nothing.
func (v *request) wroteOne(database string, position int64) {
	if position == 0 {
		return
	}
	v.wroteAt(database + "=" + strconv.FormatInt(position, 10))
}

// wroteAt notes writes as a header has them.
func (v *request) wroteAt(header string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := v.where(true)
	readPositions(header, p.known)
	readPositions(header, p.fresh)
}

// handOnPositions tells a callee what is known.
func (v *request) handOnPositions(h http.Header) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if p := v.where(false); p != nil {
		h.Set(wire.HeaderPosition, spellPositions(p.known))
	}
}

// tellPositions tells the caller what was written, and what was stale. v.mu is held.
func (v *request) tellPositions(h http.Header) {
	if v.positions != nil && len(v.positions.fresh) > 0 {
		h.Set(wire.HeaderPosition, spellPositions(v.positions.fresh))
	}
	if len(v.stale) > 0 {
		h.Set(wire.HeaderStale, strings.Join(v.stale, ","))
	}
}

// sawStale notes replicas that were behind the user's own writes, comma separated.
func (v *request) sawStale(replicas string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stale = append(v.stale, replicas)
}
