package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a scalar takes from the environment is filled in, and reads as if it stood there without quotes.
func TestScalarsAreFilledFromTheEnvironment(t *testing.T) {
	t.Setenv("SQUALL_T_NAME", "shop")
	t.Setenv("SQUALL_T_COUNT", "3")
	t.Setenv("SQUALL_T_EMPTY", "")
	for _, c := range []struct{ written, text, tag string }{
		{"${SQUALL_T_NAME}", "shop", "text"},
		{"${SQUALL_T_COUNT}", "3", "number"},
		{`"${SQUALL_T_COUNT}"`, "3", "number"},
		{"${SQUALL_T_COUNT}.5", "3.5", "fraction"},
		{"a${SQUALL_T_COUNT}-${SQUALL_T_NAME}", "a3-shop", "text"},
		{"${SQUALL_T_NONE:-true}", "true", "bool"},
		{"${SQUALL_T_NONE-x}${SQUALL_T_EMPTY-y}", "x", "text"},
		{"${SQUALL_T_EMPTY:-y}", "y", "text"},
		{"${SQUALL_T_EMPTY}", "", "text"},
		{"${SQUALL_T_NONE:-null}", "null", "text"},
		{"${SQUALL_T_NONE:-${SQUALL_T_NAME}-${SQUALL_T_NONE:-z}}!", "shop-z!", "text"},
		{"${SQUALL_T_NAME:?must be there}", "shop", "text"},
		{`'$${SQUALL_T_NAME} costs 5$ or $$, at $.price[0]'`, "${SQUALL_T_NAME} costs 5$ or $, at $.price[0]", "text"},
		{`"^/a$"`, "^/a$", "text"},
	} {
		root, problems := Read("x.yaml", []byte("a: "+c.written+"\n"))
		if len(problems) > 0 {
			t.Errorf("%s: %v", c.written, problems)
			continue
		}
		got := root.Get("a")
		if got.Text != c.text || string(got.Tag) != c.tag {
			t.Errorf("%s reads as %s %q, want %s %q", c.written, got.Tag, got.Text, c.tag, c.text)
		}
		again, err := Write(root)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("SQUALL_T_NAME", "another")
		if back, problems := Read("x.yaml", again); len(problems) > 0 || back.Get("a").Text != c.text {
			t.Errorf("%s is written as %s, which reads as %v %v", c.written, again, back, problems)
		}
		t.Setenv("SQUALL_T_NAME", "shop")
	}
}

// What is not set, and what can't be read, is told where it stands, to the column.
func TestMistakesAboutTheEnvironmentHaveAPlace(t *testing.T) {
	t.Setenv("SQUALL_T_BYTES", "\xff")
	for _, c := range []struct{ file, want string }{
		{"a: b\nc: x-${SQUALL_T_NONE}\n", "2:6: SQUALL_T_NONE is not set in the environment; set it, or write ${SQUALL_T_NONE:-default}"},
		{"a: \"é ${SQUALL_T_NONE:?the key of staging}\"\n", "1:7: SQUALL_T_NONE is not set in the environment: the key of staging; set it"},
		{"a: |\n  one\n  two ${SQUALL_T_NONE}\n", "3:7: SQUALL_T_NONE is not set in the environment; set it, or write ${SQUALL_T_NONE:-default}"},
		{"a: ${SQUALL_T_NONE:-${SQUALL_T_NEITHER}}\n", "1:21: SQUALL_T_NEITHER is not set in the environment; set it, or write ${SQUALL_T_NEITHER:-default}"},
		{"a: ${oops\n", "1:4: a ${ is not closed; write ${NAME}, or $${ for the text itself"},
		{"a: ${}\n", "1:4: ${} has no name of a variable in it; write ${NAME}, or $${ for the text itself"},
		{"a: ${NAME%x}\n", "1:4: ${NAME%x} can't be read; write ${NAME}, ${NAME:-default} or ${NAME:?message}"},
		{"a: ${SQUALL_T_BYTES}\n", "1:4: the environment's SQUALL_T_BYTES is not UTF-8 text; set it to text"},
		{"\"a${B}\": 1\n", "1:1: the key \"a${B}\" can't take anything from the environment; write the key out; its value may have ${NAME} in it"},
		{"a: " + strings.Repeat("${SQUALL_T_NONE:-", 12) + strings.Repeat("}", 12) + "\n", "1:140: defaults stand in each other deeper than 8; write one default"},
	} {
		_, problems := Read("x.yaml", []byte(c.file))
		if got := problems.Error(); got != "x.yaml:"+c.want {
			t.Errorf("%q: %s\nwant %s", c.file, got, c.want)
		}
	}
}

// However often a variable stands in a file, what comes of it has a bound.
func TestTheEnvironmentFillsNoMoreThanAFile(t *testing.T) {
	t.Setenv("SQUALL_T_LONG", strings.Repeat("x", 1<<16))
	file := "a: &a \"" + strings.Repeat("${SQUALL_T_LONG}", 8) + "\"\nb: [*a, *a]\n"
	_, problems := Read("x.yaml", []byte(file))
	if len(problems) != 1 || !strings.Contains(problems.Error(), "bytes come from the environment") {
		t.Errorf("problems: %v", problems)
	}
}

// What is withheld is written and told as the file has it; the rest is written out.
func TestWhatIsWithheldIsNeverWritten(t *testing.T) {
	t.Setenv("SQUALL_T_SECRET", "hunter2")
	t.Setenv("SQUALL_T_TAG", "v17")
	root, problems := Read("x.yaml", []byte(`
image: app:${SQUALL_T_TAG}
env: {PASSWORD: "${SQUALL_T_SECRET}", URL: "pg://u:${SQUALL_T_SECRET}@db", LOUD: plain}
list: [{headers: {A: "Bearer ${SQUALL_T_SECRET}"}}]
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	root.Withhold(func(key string) bool { return key == "env" || key == "headers" })
	written, err := Write(root)
	if err != nil {
		t.Fatal(err)
	}
	want := `image: "app:v17"
env: {PASSWORD: "${SQUALL_T_SECRET}", URL: "pg://u:${SQUALL_T_SECRET}@db", LOUD: plain}
list: [{headers: {A: "Bearer ${SQUALL_T_SECRET}"}}]
`
	if diff := cmp.Diff(want, string(written)); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	for _, told := range []string{root.Words(), root.Get("env").Get("PASSWORD").What(), root.Open().Get("env").Get("URL").Text, fmt.Sprint(KeysIn(root))} {
		if strings.Contains(told, "hunter2") {
			t.Errorf("told: %s", told)
		}
	}
	if got := root.Get("env").Get("PASSWORD").Text; got != "hunter2" {
		t.Errorf("what runs gets %q", got)
	}
	if diff := cmp.Diff(map[string]string{"hunter2": "${SQUALL_T_SECRET}", "pg://u:hunter2@db": "pg://u:${SQUALL_T_SECRET}@db", "Bearer hunter2": "Bearer ${SQUALL_T_SECRET}"}, root.Secrets()); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}
