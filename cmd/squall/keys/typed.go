package keys

import "unicode/utf8"

// Keys that are no characters.
const (
	tab       = '\t'
	enter     = '\r'
	escape    = 0x1b
	backspace = 0x7f
	killLine  = 0x15 // Ctrl-U
	killWord  = 0x17 // Ctrl-W
)

// decode reads keys from what a terminal sent; rest is the beginning of one of which more is to come. Keys that send more than a character, as
// arrows do, are left out.
func decode(sent []byte) (keys []rune, rest []byte) {
	for len(sent) > 0 {
		switch b := sent[0]; {
		case b == escape && len(sent) > 2 && (sent[1] == '[' || sent[1] == 'O'):
			n := 2
			for n < len(sent)-1 && (sent[n] < 0x40 || sent[n] > 0x7e) {
				n++
			}
			sent = sent[n+1:]
			continue
		case b == escape && len(sent) == 2 && (sent[1] == '[' || sent[1] == 'O'):
			return keys, sent
		case b == '\n':
			keys, sent = append(keys, enter), sent[1:]
			continue
		case b == '\b':
			keys, sent = append(keys, backspace), sent[1:]
			continue
		case !utf8.FullRune(sent):
			return keys, sent
		}
		r, n := utf8.DecodeRune(sent)
		if r != utf8.RuneError {
			keys = append(keys, r)
		}
		sent = sent[n:]
	}
	return keys, nil
}
