package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/squallhq/squall/scenarios"
)

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
