package report

import "testing"

func TestSpelling(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{percent(1), "100%"}, {percent(.999996), "99.999%"}, {percent(.9999), "99.99%"}, {percent(.5), "50%"}, {percent(.999), "99.90%"}, {percent(.925), "92.5%"},
		{percent(0), "0%"}, {percent(.00001), "0.00%"}, {milliseconds(.426), "0.43 ms"}, {milliseconds(812), "812 ms"},
		{milliseconds(1234), "1.23 s"}, {count(1234567), "1 234 567"}, {count(1234), "1234"}, {bytesOf(1_500_000), "1.5 MB"},
		{perSecond(0), "0.0/s"}, {perSecond(120), "120.0/s"}, {perSecond(.5), "0.5/s"}, {perSecond(1. / 60), "0.017/s"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
