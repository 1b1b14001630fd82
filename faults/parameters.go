package faults

import (
	"fmt"
	"strings"
	"time"
)

// checkWord refuses a value that is none of the allowed words. The empty value is the default.
func checkWord(key, value string, allowed ...string) error {
	if value == "" {
		return nil
	}
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return fmt.Errorf("%s can't be %q: use %s", key, value, inWords(allowed))
}

// checkDirection allows the three directions and none, which is Down.
func checkDirection(d Direction) error {
	return checkWord("direction", string(d), string(Down), string(Up), string(Both))
}

// checkShare allows fractions in [0,1]; 0 is "not given".
func checkShare(share float64) error {
	if !(share >= 0 && share <= 1) { // also refuses NaN
		return fmt.Errorf("share can't be %s: use more than 0%% and at most 100%%", percent(share))
	}
	return nil
}

// checkDuration refuses negative times.
func checkDuration(key string, d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("%s can't be negative, it is %s", key, d)
	}
	return nil
}

// first is the first error, nil if there is none.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// inWords is "a, b or c".
func inWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// percent is a share as people write it: 5%, 12.5%.
func percent(share float64) string { return fmt.Sprintf("%.4g%%", share*100) }

// way names a direction at the end of a fault's words; down, the default, goes without saying.
func way(d Direction) string {
	switch d {
	case Up:
		return " on requests"
	case Both:
		return " each way"
	default:
		return ""
	}
}

// part names a share at the end of a fault's words.
func part(share float64, of string) string {
	if share == 0 || share == 1 {
		return ""
	}
	return " for " + percent(share) + " of " + of + "s"
}
