package language

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/metric"
)

// The reference has every key that the schema has, each with words about it, and no other.
func TestReferenceIsTheSchemas(t *testing.T) {
	inReference := map[string]bool{}
	for _, k := range grammar.Reference() {
		inReference[k.Name] = true
		if k.Doc == "" {
			t.Errorf("%s of %v says nothing", k.Name, k.Of)
		}
		for _, inner := range k.Keys {
			if inner.Doc == "" {
				t.Errorf("%s.%s says nothing", k.Name, inner.Name)
			}
		}
	}
	var schema struct {
		Definitions map[string]struct {
			Properties map[string]any `json:"properties"`
		} `json:"definitions"`
	}
	if err := json.Unmarshal(scenarios.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	bounds := map[string]bool{}
	for _, name := range metric.Names() {
		bounds[name] = true
	}
	for name, d := range schema.Definitions {
		for key := range d.Properties {
			fault := len(name) > 6 && name[:6] == "fault." || name == "selection" || name == "selectorkeys"
			if !fault && !bounds[key] && !inReference[key] {
				t.Errorf("%s of %s is not in the reference", key, name)
			}
		}
	}
}

func TestKeysOfAKind(t *testing.T) {
	has := func(kind, key string) bool {
		return slices.ContainsFunc(grammar.KeysOf(kind), func(k grammar.Key) bool { return k.Name == key })
	}
	if !has("service", "circuit_breaker") || has("database", "circuit_breaker") || !has("database", "replica_of") || grammar.KeysOf("services") != nil {
		t.Error("the keys of a kind are not its own")
	}
}

// Every word that may stand in a fault or an expectation is in the reference: the keys of all faults, those of each kind, and
// every metric; and each noun that a message uses lists its keys.
func TestReferenceHasEveryWord(t *testing.T) {
	in := map[string]bool{}
	for _, k := range grammar.Reference() {
		in[k.Name] = true
		for _, of := range k.Of {
			_, word, named := strings.Cut(of, " ")
			if named && k.Kinds == nil && !slices.ContainsFunc(grammar.KeysIn(word), func(o grammar.Key) bool { return o.Name == k.Name }) {
				t.Errorf("%s does not list its key %s", of, k.Name)
			}
		}
	}
	words := []string{"name", "on", "at", "for"}
	for _, row := range faults.Kinds {
		for _, k := range grammar.KeysOfFault(row) {
			if k.Name != row.Word {
				words = append(words, k.Name)
			}
		}
	}
	for _, word := range words {
		if !in[word] {
			t.Errorf("%s is not in the reference", word)
		}
	}
	for _, name := range metric.Names() {
		if !slices.ContainsFunc(grammar.KeysIn("expectation"), func(k grammar.Key) bool { return k.Name == name }) {
			t.Errorf("an expectation does not list %s", name)
		}
	}
}
