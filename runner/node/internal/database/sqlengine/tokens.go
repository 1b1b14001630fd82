package sqlengine

import "strings"

// closing is the index of the bracket that ends the one at open; the last token if none does.
func closing(tokens []token, open int) int {
	depth := 0
	for n := open; n < len(tokens); n++ {
		switch {
		case tokens[n].is("("), tokens[n].is("["), tokens[n].is("case"):
			depth++
		case tokens[n].is(")"), tokens[n].is("]"), tokens[n].is("end"):
			if depth--; depth == 0 {
				return n
			}
		}
	}
	return len(tokens) - 1
}

// opening is the index of the bracket that the one at close ends, -1 if none does.
func opening(tokens []token, close int) int {
	depth := 0
	for n := close; n >= 0; n-- {
		switch {
		case tokens[n].is(")"), tokens[n].is("]"), tokens[n].is("end"):
			depth++
		case tokens[n].is("("), tokens[n].is("["), tokens[n].is("case"):
			if depth--; depth == 0 {
				return n
			}
		}
	}
	return -1
}

// find is the first of the words outside of brackets, from a place on; -1 if none is there.
func find(tokens []token, from int, words ...string) int {
	for n := from; n < len(tokens); n++ {
		if tokens[n].is("(") || tokens[n].is("case") {
			n = closing(tokens, n)
			continue
		}
		for _, w := range words {
			if tokens[n].is(w) {
				return n
			}
		}
	}
	return -1
}

// split cuts a list at the commas outside of brackets.
func split(tokens []token) [][]token {
	var parts [][]token
	start := 0
	for {
		at := find(tokens, start, ",")
		if at < 0 {
			return append(parts, tokens[start:])
		}
		parts = append(parts, tokens[start:at])
		start = at + 1
	}
}

func words(s string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

func keyword(t token) bool { return t.kind == word && reserved[t.text] }

// start is where the operand that ends at end begins: a literal, a name, a call, something in brackets.
func start(tokens []token, end int) int {
	at := end
	if at >= 0 && (tokens[at].is(")") || tokens[at].is("end")) {
		if at = opening(tokens, at); at < 0 {
			return 0
		}
		if !tokens[at].is("(") || at == 0 || !tokens[at-1].name() || keyword(tokens[at-1]) {
			return at
		}
		at--
	}
	for at >= 2 && tokens[at].name() && tokens[at-1].is(".") && tokens[at-2].name() {
		at -= 2
	}
	return max(at, 0)
}

// after is where the operand that begins at from ends, one past it.
func after(tokens []token, from int) int {
	at := from
	for at < len(tokens) && (tokens[at].is("-") || tokens[at].is("+")) {
		at++
	}
	for at+2 < len(tokens) && tokens[at].name() && tokens[at+1].is(".") {
		at += 2
	}
	if at+1 < len(tokens) && tokens[at].name() && !keyword(tokens[at]) && tokens[at+1].is("(") {
		at++
	}
	if at < len(tokens) && (tokens[at].is("(") || tokens[at].is("case")) {
		at = closing(tokens, at)
	}
	at++
	for at+1 < len(tokens) && tokens[at].is("::") {
		_, end, err := typeAt(tokens, at+1)
		if err != nil {
			break
		}
		at = end
	}
	return min(at, len(tokens))
}

// alias cuts the name off a result column.
func alias(item []token) (expression []token, name string) {
	last := len(item) - 1
	switch {
	case last >= 2 && item[last-1].is("as") && item[last].name():
		return item[:last-1], item[last].text
	case last >= 1 && item[last].name() && !keyword(item[last]) && (item[last-1].is(")") || item[last-1].kind != operator && !keyword(item[last-1])):
		return item[:last], item[last].text
	}
	return item, ""
}
