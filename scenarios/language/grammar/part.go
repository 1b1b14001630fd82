package grammar

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
	"github.com/squallhq/squall/scenarios/source"
)

// part gives a node that names a part alone the part's usual image, and checks that an image can take the place of its kind.
func (d *Decoder) part(e source.Entry, n *scenarios.Node) {
	if n.Image == "" && n.Part != "" && e.Value.Get("image") == nil && e.Value.Get("external") == nil {
		p, _ := parts.Of(n.Part, "") // an unknown one has had its problem
		n.Image = p.Image
	}
	if n.Build != nil && e.Value.Get("image") == nil {
		n.Image = cmp.Or(n.Image, scenarios.BuiltName) // it has its own name once it is built
	}
	if n.Local != nil && n.External == nil {
		n.Image = cmp.Or(n.Image, scenarios.LocalName)
	}
	if n.Image == "" || n.Kind == scenarios.KindImage {
		return
	}
	key := "image"
	for _, other := range []string{"part", "build", "local"} {
		if e.Value.Get(key) == nil {
			key = other
		}
	}
	at, kind := e.Value.Entry(key), string(n.Kind)
	if at == nil {
		return
	}
	part, known := n.Real()
	switch {
	case known && !part.CanPlay(kind) && onlyParts(n.Kind):
		d.ProblemAt(at.At, fmt.Sprintf("%s can't take the place of a %s", part.Name, kind), wouldPlay(part))
	case !known && n.Kind == scenarios.KindCache && n.OnlyLocal():
		d.ProblemAt(at.At, "nothing says what the cache's command is, and services can't speak to what they don't know",
			"say it with part: "+listed(players(kind), "or")+", or make it kind: image")
	case !known && n.Kind == scenarios.KindCache:
		d.ProblemAt(at.At, fmt.Sprintf("services can't speak to the cache in %s", source.QuoteShort(n.Image)),
			"use "+listed(players(kind), "or")+", say which of them it is with part:, or make it kind: image")
	}
}

// onlyParts tells a kind that services speak to by a part's protocol alone.
func onlyParts(k scenarios.Kind) bool {
	return k == scenarios.KindCache || k == scenarios.KindDatabase || k.TakesMessages()
}

func wouldPlay(p parts.Part) string {
	if len(p.Plays) == 0 {
		return "make it kind: image"
	}
	return "make it kind: " + strings.Join(p.Plays, " or ") + ", or kind: image"
}

// players are the parts that can take the place of a kind.
func players(kind string) []string {
	var out []string
	for _, p := range parts.All() {
		if p.CanPlay(kind) {
			out = append(out, string(p.Name))
		}
	}
	return out
}

// onParts tells a key of a built-in kind that a part in its place has, too: what it says is carried out in the part's own way.
func onParts(key string, n *scenarios.Node) bool {
	switch key {
	case "dsn", "setup":
		return true
	case "delivery", "ack_within": // what a broker can't do is told with why
		return n.Kind == scenarios.KindQueue
	}
	return onPostgres(key) && n.Speaks() == parts.SpeaksPostgres
}

// onPostgres tells a key that of all parts PostgreSQL alone has.
func onPostgres(key string) bool {
	return key == "replica_of" || key == "lag" || key == "replication" || key == "sync"
}
