package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// design is what was run, for the record: plain values, without what must not be read there.
func design(s *scenarios.Scenario) (*record.Design, error) {
	d := &record.Design{}
	for _, n := range s.Nodes {
		raw, err := json.Marshal(withoutSecrets(*n))
		if err != nil {
			return nil, err
		}
		d.Nodes = append(d.Nodes, raw)
	}
	for _, l := range s.Loads {
		open := *l
		open.Headers = nil // may hold tokens
		raw, err := json.Marshal(open)
		if err != nil {
			return nil, err
		}
		d.Loads = append(d.Loads, raw)
	}
	return d, nil
}

// withoutSecrets is a node without its password, its keys, its environment, and what is in its files.
func withoutSecrets(n scenarios.Node) scenarios.Node {
	n.DSN, n.Env = "", nil
	n.Files = slices.Clone(n.Files)
	for i, f := range n.Files {
		open := *f
		open.Content = nil
		n.Files[i] = &open
	}
	if n.JWT != nil {
		n.JWT = &scenarios.JWT{}
	}
	if n.StandIn != nil {
		other := withoutSecrets(*n.StandIn)
		n.StandIn = &other
	}
	return n
}

// digests are of a scenario, whole, and of what is asked of its topology alone: the loads, the phases with their faults, the network. Where a
// scenario stands in its file, its name for a variant, its seed and what it expects are in neither.
func digests(s *scenarios.Scenario) (whole, asked string, err error) {
	e := s.Essence()
	question := struct {
		WarmUp, Loads, Links, Phases any
	}{e.WarmUpTime(), e.Loads, e.Links, e.Phases}
	if asked, err = digest(question); err != nil {
		return "", "", err
	}
	whole, err = digest([]any{question, e.Nodes})
	return whole, asked, err
}

func digest(v any) (string, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("digest of the scenario: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8]), nil
}
