package archtest

import (
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever opens a package reads first what it is for: one comment a package, which begins as godoc has it.
func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		files := p.GoFiles
		if len(files) == 0 {
			files = append(p.TestGoFiles, p.XTestGoFiles...) // tests alone
		}
		begin := "Package " + p.Name + " "
		if p.Name == "main" {
			begin = "Command " + path.Base(p.ImportPath) + " "
		}
		var said []string
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc == nil {
				continue
			}
			said = append(said, name)
			if text := f.Doc.Text(); !strings.HasPrefix(text, begin) {
				t.Errorf("%s: the comment of the package in %s does not begin with %q", p.ImportPath, name, begin)
			}
		}
		if len(said) != 1 {
			t.Errorf("%s has %d package comments %v; want one", p.ImportPath, len(said), said)
		}
	}
}
