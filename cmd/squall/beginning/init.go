package beginning

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/squallhq/squall/examples/patterns"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/source"
)

// initFlags are what `squall init` was asked for.
type initFlags struct {
	pattern string
	list    bool
	answers
}

func initCommand(environment func(error) error) *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a first scenario: a pattern of the library, or one from a few questions",
		Long: `Writes a scenario, and beside it the schema by which editors complete its keys. With --pattern it is one of the library's patterns,
each with a variant without it (squall init --list). Without, it asks a few questions on a terminal; elsewhere, and for
what a flag says, it takes the flags and their defaults. Nothing is ever overwritten.`,
		Example: `  squall init --pattern circuit-breaker && squall compare circuit-breaker.yaml
  squall init shop.yaml --name shop --image registry.example/shop:1.4 --port 3000 --database --rate 50/s`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return doInit(c, f, args, environment) },
	}
	c.Flags().StringVar(&f.pattern, "pattern", "", "the pattern to start from")
	c.Flags().BoolVar(&f.list, "list", false, "list the patterns")
	c.Flags().StringVar(&f.name, "name", "shop", "what the service is called")
	c.Flags().StringVar(&f.image, "image", "", "the service's image (default: a built-in service that takes 5 ms)")
	c.Flags().IntVar(&f.port, "port", 8080, "the port that the image serves on")
	c.Flags().StringVar(&f.path, "path", "/", "what users ask for")
	c.Flags().StringVar(&f.rate, "rate", "20/s", "how many of them come")
	c.Flags().BoolVar(&f.database, "database", false, "whether the service has a database")
	_ = c.RegisterFlagCompletionFunc("pattern", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var out []string
		for _, name := range patterns.Names() {
			out = append(out, name+"\t"+patterns.About(name))
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

func doInit(c *cobra.Command, f initFlags, args []string, environment func(error) error) error {
	if f.list {
		for _, name := range patterns.Names() {
			fmt.Fprintf(c.OutOrStdout(), "%-24s %s\n", name, patterns.About(name))
		}
		return nil
	}
	name, text := f.pattern, ""
	if f.pattern != "" {
		found, is := patterns.Text(f.pattern)
		if !is {
			meant := ""
			if near := source.Nearest(f.pattern, patterns.Names()); near != "" {
				meant = fmt.Sprintf("did you mean %q? ", near)
			}
			return fmt.Errorf("there is no pattern %q; %s`squall init --list` lists them", f.pattern, meant)
		}
		text = headed(found)
	} else {
		if in, is := c.InOrStdin().(*os.File); is && term.IsTerminal(int(in.Fd())) {
			if err := f.ask(in, c.ErrOrStderr(), func(flag string) bool { return c.Flags().Changed(flag) }); err != nil {
				return err
			}
		}
		name, text = f.name, headed(f.scenario())
	}
	if problems := language.Check("scenario", []byte(text)); len(problems) > 0 {
		fmt.Fprint(c.ErrOrStderr(), source.Render(problems, []byte(text)))
		return errors.New("what was asked for makes no scenario: mend the flags or answers that the mistakes above are about")
	}
	out := name + ".yaml"
	if len(args) > 0 {
		out = args[0]
	}
	if err := written(c, out, []byte(text), environment); err != nil {
		return err
	}
	schema := filepath.Join(filepath.Dir(out), schemaFile)
	if err := create(schema, scenarios.Schema()); err != nil && !errors.Is(err, os.ErrExist) {
		return environment(fmt.Errorf("write the schema: %w", err))
	}
	return nil
}

// schemaFile stands beside the scenario.
const schemaFile = "squall.schema.json"

var ownLines = regexp.MustCompile(`(?m)^# (yaml-language-server: .*|covers: .*)\n`)

// headed is a scenario with the line by which editors find its schema, and without those that are the library's own.
func headed(text string) string {
	return "# yaml-language-server: $schema=" + schemaFile + "\n" + ownLines.ReplaceAllString(text, "")
}

// answers are what a first scenario is made of.
type answers struct {
	name, image, path, rate string
	port                    int
	database                bool
}

// ask asks for what no flag has said; an empty answer is the default.
func (a *answers) ask(in io.Reader, out io.Writer, said func(flag string) bool) error {
	lines := bufio.NewScanner(in)
	question := func(flag, text, otherwise string) (string, error) {
		if said(flag) {
			return otherwise, nil
		}
		fmt.Fprintf(out, "%s [%s] ", text, otherwise)
		if !lines.Scan() {
			fmt.Fprintln(out)
			return otherwise, lines.Err()
		}
		if answer := strings.TrimSpace(lines.Text()); answer != "" {
			return answer, nil
		}
		return otherwise, nil
	}
	var database, port string
	for _, q := range []struct {
		flag, text, otherwise string
		into                  *string
	}{
		{"name", "What is the service called?", a.name, &a.name},
		{"image", "Which image is it? (none: a built-in service)", a.image, &a.image},
		{"port", "On which port does the image serve?", fmt.Sprint(a.port), &port},
		{"path", "What do users ask for?", a.path, &a.path},
		{"rate", "How many of them come?", a.rate, &a.rate},
		{"database", "Has it a database? (yes or no)", map[bool]string{true: "yes", false: "no"}[a.database], &database},
	} {
		if q.flag == "port" && (a.image == "" || a.image == "none") {
			continue
		}
		var err error
		if *q.into, err = question(q.flag, q.text, q.otherwise); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
	}
	if a.image == "none" {
		a.image = ""
	}
	if port != "" {
		if _, err := fmt.Sscanf(port, "%d", &a.port); err != nil {
			return fmt.Errorf("the port is %q; give a number, as in 8080", port)
		}
	}
	a.database = strings.HasPrefix(strings.ToLower(database), "y")
	return nil
}

// scenario is a first one: a service under load, while its database, or the way to it, is slow.
func (a *answers) scenario() string {
	var w strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&w, format+"\n", args...) }
	line("scenario: %s\nabout: How %s does while a connection of it is slow.\n\ntopology:\n  %s:", a.name, a.name, a.name)
	switch {
	case a.image != "":
		line("    kind: image\n    image: %q\n    port: %d", a.image, a.port)
		if a.database {
			line("    env: {DATABASE_URL: \"postgres://%s:${DB_PASSWORD:-%s}@db:5432/%s\"}   # as the image wants it\n    calls: [db]", a.name, a.name, a.name)
		}
	case a.database:
		line("    kind: service\n    timeout: 500ms\n    endpoints:\n      GET %s: [{work: 5ms}, {read: db}]", a.path)
	default:
		line("    kind: service\n    endpoints:\n      GET %s: [{work: 5ms}]", a.path)
	}
	slow := "users -> " + a.name
	if a.database {
		slow = a.name + " -> db"
		line("  db:\n    kind: database")
		if a.image != "" {
			line("    image: postgres:16\n    env: {POSTGRES_USER: %q, POSTGRES_PASSWORD: \"${DB_PASSWORD:-%s}\", POSTGRES_DB: %q}", a.name, a.name, a.name)
		}
	}
	line("\nload:\n  users:\n    to: %s\n    rate: %s\n    arrivals: poisson\n    timeout: 5s\n    requests: [{send: GET %s}]", a.name, a.rate, a.path)
	line("\nphases:\n  - {name: steady, for: 10s}\n  - name: slow\n    for: 10s\n    faults:\n      - {latency: 100ms, jitter: 20ms, on: %s}   # squall explain lists the others", slow)
	line("  - {name: recovery, for: 10s}")
	line("\nexpect:\n  - {in: steady, success: \">= 97%%\", p95: \"< 500ms\"}\n  - {in: slow, success: \">= 95%%\"}\n  - {after: slow, recovered_within: 5s}")
	return w.String()
}
