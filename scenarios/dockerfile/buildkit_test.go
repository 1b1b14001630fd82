package dockerfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBuildKit(t *testing.T) {
	t.Parallel()
	none := func(string) bool { return false }
	for _, c := range []struct {
		text string
		want []Use
	}{
		{"", nil},
		{"FROM a\nRUN echo --mount\nCOPY --from=b --chown=1:1 /a /b\nADD https://example.com/x /x\n", nil},
		{"# syntax=docker/dockerfile:1\nFROM golang AS build\nRUN --mount=type=cache,target=/root/.cache \\\n  go build\n", []Use{{3, "RUN --mount", false}}},
		{"FROM a\nrun  --network=none --security=insecure x\r\ncopy --link --chmod=755 a b\n", []Use{{2, "RUN --network", false}, {2, "RUN --security", false}, {3, "COPY --link", false}, {3, "COPY --chmod", false}}},
		{"FROM a\nRUN <<EOF\napk add x\nRUN --mount=x y\nEOF\nCOPY <<-\"END\" /x\n\tCOPY --link\n\tEND\nADD --checksum=sha256:0 u /u\n", []Use{{2, "RUN <<EOF", false}, {6, "COPY <<END", false}, {9, "ADD --checksum", false}}},
		{"FROM a\nRUN cat <<EOF > /x && true\nRUN true\n", nil}, // the shell's own, which nothing ends
		{"FROM --platform=$BUILDPLATFORM a\nARG TARGETARCH\nARG TARGETOS=linux\nARG VERSION\n", []Use{{2, "ARG TARGETARCH", true}}},
		{"# escape=`\nFROM a\nRUN x `\n # a comment\n --mount=y\nRUN --mount=z \\\nCOPY --link a b\n", []Use{{6, "RUN --mount", false}, {7, "COPY --link", false}}},
	} {
		if diff := cmp.Diff(c.want, BuildKit(c.text, none)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, diff)
		}
	}
	if got := BuildKit("ARG TARGETARCH\n", func(name string) bool { return name == "TARGETARCH" }); got != nil {
		t.Errorf("an argument that is given: %v", got)
	}
}

// Whatever stands in a file, each use is on one of its lines, in their order.
func FuzzBuildKit(f *testing.F) {
	f.Add("FROM a\nRUN --mount=type=cache \\\n# c\n x <<A <<B\nA\nB\nCOPY <<'E' /x\nE\n")
	f.Add("# escape=`\nARG TARGETARCH `\n")
	f.Fuzz(func(t *testing.T, text string) {
		last, lines := 1, 1
		for _, r := range text {
			if r == '\n' {
				lines++
			}
		}
		for _, use := range BuildKit(text, func(string) bool { return false }) {
			if use.Line < last || use.Line > lines || use.What == "" {
				t.Errorf("%+v of %d lines after %d", use, lines, last)
			}
			last = use.Line
		}
	})
}
