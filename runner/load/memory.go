package load

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// memory is where the writes of one user are, as the system told, so that it can be told again: what a cookie or a
// token is in a real client. nil remembers nothing.
type memory struct {
	positions map[string]int64
	text      string
}

// tell is what to say with the next request.
func (m *memory) tell() string {
	if m == nil {
		return ""
	}
	return m.text
}

// learn takes in DATABASE=POSITION, comma separated; of each database the latest counts.
func (m *memory) learn(text string) {
	if m == nil || text == "" {
		return
	}
	if m.positions == nil {
		m.positions = map[string]int64{}
	}
	for one := range strings.SplitSeq(text, ",") {
		database, number, _ := strings.Cut(strings.TrimSpace(one), "=")
		if position, err := strconv.ParseInt(number, 10, 64); err == nil && database != "" {
			m.positions[database] = max(m.positions[database], position)
		}
	}
	var b strings.Builder
	for _, database := range slices.Sorted(maps.Keys(m.positions)) {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(database + "=" + strconv.FormatInt(m.positions[database], 10))
	}
	m.text = b.String()
}
