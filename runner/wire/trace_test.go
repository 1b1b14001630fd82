package wire

import (
	"strings"
	"testing"
)

func TestTraceparent(t *testing.T) {
	t.Parallel()
	want := Traceparent{High: 0x0af7651916cd43dd, Low: 0x8448eb211c80319c, Span: 0xb7ad6b7169203331}
	const text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" // the one of the recommendation
	if got := want.String(); got != text {
		t.Errorf("it reads %s", got)
	}
	if got := want.ID(); got != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("its trace is %s", got)
	}
	for _, is := range []string{text, strings.TrimSuffix(text, "1") + "0", "01" + text[2:] + "-more"} {
		if got, ok := ParseTraceparent(is); !ok || got != want {
			t.Errorf("%q is %+v, %t", is, got, ok)
		}
	}
	for _, none := range []string{
		"", text[:54], text + "-more", "ff" + text[2:], strings.ToUpper(text), "00-" + strings.Repeat("0", 32) + text[35:],
		text[:36] + strings.Repeat("0", 16) + text[52:], strings.Replace(text, "-b7", "_b7", 1), strings.Replace(text, "af", "xf", 1),
	} {
		if got, ok := ParseTraceparent(none); ok {
			t.Errorf("%q is %+v", none, got)
		}
	}
}
