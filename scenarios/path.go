package scenarios

import (
	"slices"
	"strconv"
)

// Path leads from a scenario to a part of it, in the words of its file: topology, orders, endpoints, POST /orders/{id}, 2.
type Path []Segment

// Segment is one step of a Path: a mapping's key, or the index of a list's item.
type Segment struct {
	Key   string
	Index int // from 0
	Item  bool
}

// At is a path of keys, as in At("topology", "orders", "to").
func At(keys ...string) Path { return Path(nil).Key(keys...) }

// Key is the path with further keys, as a new path.
func (p Path) Key(keys ...string) Path {
	out := slices.Grow(slices.Clip(p), len(keys))
	for _, key := range keys {
		out = append(out, Segment{Key: key})
	}
	return out
}

// Item is the path to an item of its list, as a new path.
func (p Path) Item(index int) Path { return append(slices.Clip(p), Segment{Index: index, Item: true}) }

// Join is the path with another one behind it, as a new path.
func (p Path) Join(more Path) Path { return append(slices.Clip(p), more...) }

// String is the segment as a person would say it.
func (s Segment) String() string {
	if s.Item {
		return strconv.Itoa(s.Index)
	}
	return s.Key
}
