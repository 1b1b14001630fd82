// Package beginning has the commands that write a first scenario: import, from a Compose file.
package beginning

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/scenarios/compose"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/source"
)

// Commands are those. environment marks an error as one of the machine's, not of the command line.
func Commands(environment func(error) error) []*cobra.Command {
	return []*cobra.Command{importCommand(environment)}
}

// importFlags are what `squall import` was asked for.
type importFlags struct {
	out, to  string
	profiles []string
}

func importCommand(environment func(error) error) *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import COMPOSE-FILE",
		Short: "Make a scenario of a Compose file: nodes, who calls whom, a load, a first fault; and say what it leaves out",
		Long: `Reads a Compose file as docker compose does (profiles, extends, include, ${NAME} from the environment and .env) and
writes a scenario with comments: every service that stays up as a node, its calls as depends_on, links and the hosts in its
environment and command say, a load on what publishes a port that takes HTTP, and a fault on the riskiest connection.
What can't be carried over is told with the Compose file's line, there and on standard error.

Variables that come from the environment stay ${NAME}, so that no secret is written down; those of .env get
their value as default.`,
		Example: "  squall import docker-compose.yml -o shop.yaml && squall run shop.yaml --engine docker",
		Args:    oneFile,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yml", "yaml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(c *cobra.Command, args []string) error { return doImport(c, f, args[0], environment) },
	}
	c.Flags().StringVarP(&f.out, "out", "o", "", "the scenario's file, which must not be there yet (default: standard output)")
	c.Flags().StringVar(&f.to, "to", "", "the service that the load is sent to (default: those that publish a port which takes HTTP)")
	c.Flags().StringArrayVar(&f.profiles, "profile", nil, `a profile that is in, "*" for all; may be given several times`)
	return c
}

func oneFile(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d files given, %s takes one; try: %s docker-compose.yml -o shop.yaml", len(args), c.Name(), c.CommandPath())
	}
	return nil
}

func doImport(c *cobra.Command, f importFlags, file string, environment func(error) error) error {
	data, err := language.ReadFile(file)
	if err != nil {
		return err
	}
	made, err := compose.Import(c.Context(), file, data, compose.Options{Profiles: f.profiles, To: f.to, Environment: surroundings()})
	if problems, is := errors.AsType[source.Problems](err); is {
		return told(c.ErrOrStderr(), problems, data)
	}
	if err != nil {
		return err
	}
	if problems := language.Check(named(f.out), made.Text); len(problems) > 0 {
		fmt.Fprint(c.ErrOrStderr(), source.Render(problems, made.Text))
		return fmt.Errorf("the scenario that was made of %s has the mistakes above; they are in what the file says, or in squall import", file)
	}
	for _, n := range made.Notes {
		fmt.Fprintln(c.ErrOrStderr(), n)
	}
	return written(c, f.out, made.Text, environment)
}

// told shows problems in a file that is no scenario, with its lines.
func told(w io.Writer, problems source.Problems, data []byte) error {
	fmt.Fprint(w, source.Render(problems[:len(problems)-1], data))
	last := strings.TrimSuffix(source.Render(problems[len(problems)-1:], data), "\n")
	return errors.New(last)
}

func named(out string) string {
	if out == "" {
		return "scenario"
	}
	return out
}

// surroundings is the environment as a map.
func surroundings() map[string]string {
	out := map[string]string{}
	for _, one := range os.Environ() {
		if name, value, is := strings.Cut(one, "="); is && name != "" {
			out[name] = value
		}
	}
	return out
}

// written puts a scenario on standard output, or into a file that is not there yet, and says what to do with it.
func written(c *cobra.Command, out string, text []byte, environment func(error) error) error {
	if out == "" {
		_, err := c.OutOrStdout().Write(text)
		return err
	}
	if err := create(out, text); errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already, and nothing is ever overwritten; name another file with -o", out)
	} else if err != nil {
		return environment(fmt.Errorf("write the scenario: %w", err))
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s is written; try: squall validate %s, squall plan %s, squall run %s\n", out, out, out, out)
	return nil
}

// create writes a file that is not there yet.
func create(name string, text []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}
