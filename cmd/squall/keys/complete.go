package keys

import (
	"strings"

	"github.com/squallhq/squall/cmd/squall/live"
)

// complete extends a fault that is being typed as far as there is one way to, first by its kind, in that kind's own example, then by what it is put
// on; where there are several ways, choices are they.
func complete(s live.Suggestions, typed string) (line string, choices []string) {
	word, _, named := strings.Cut(typed, ":")
	if !named {
		var words []string
		for _, k := range s.Kinds {
			if w := wordOf(k); strings.HasPrefix(w, typed) {
				words = append(words, w)
			}
		}
		if len(words) != 1 {
			return common(words, typed), words
		}
		word, typed = words[0], words[0]+":"
	}
	for _, k := range s.Kinds {
		if wordOf(k) != word {
			continue
		}
		head, tail, _ := strings.Cut(k.Text, live.Target)
		targets := s.Nodes
		if k.On == "edges" {
			targets = s.Edges
		}
		return onTarget(typed, head, tail, targets)
	}
	return typed, nil
}

// wordOf is a kind's key in scenarios.
func wordOf(k live.Suggestion) string {
	word, _, _ := strings.Cut(k.Text, ":")
	return word
}

// onTarget extends a fault whose kind is typed; head and tail are what stands before and after the target in the kind's example.
func onTarget(typed, head, tail string, targets []string) (line string, choices []string) {
	if strings.HasPrefix(head, typed) && head != typed {
		typed = head
		if len(targets) > 1 {
			return typed, nil
		}
	}
	const on = "on: "
	at := len(head)
	if strings.Contains(head, on) {
		if at = strings.LastIndex(typed, on); at < 0 {
			return strings.TrimRight(typed, ", ") + ", " + on, nil
		}
		at += len(on)
	} else if !strings.HasPrefix(typed, head) {
		return typed, nil
	}
	var fit []string
	for _, t := range targets {
		if strings.HasPrefix(t, typed[at:]) {
			fit = append(fit, t)
		}
	}
	if len(fit) == 1 {
		return typed[:at] + fit[0] + tail, nil
	}
	return typed[:at] + common(fit, typed[at:]), fit
}

// common is the beginning that all names have; of no names it is what is given.
func common(names []string, unless string) string {
	if len(names) == 0 {
		return unless
	}
	out := []rune(names[0])
	for _, name := range names[1:] {
		n := 0
		for i, r := range []rune(name) {
			if i >= len(out) || out[i] != r {
				break
			}
			n++
		}
		out = out[:n]
	}
	return string(out)
}
