// Package compose makes a scenario of a Compose file: its services, who calls whom, what they are given, a load on what it
// publishes and a first fault. The Compose project's own loader reads the file; what can't be carried over is told with its line.
package compose

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"

	"github.com/squallhq/squall/scenarios/source"
)

// Options are what an import is asked for.
type Options struct {
	// Profiles are those of the file that are in; "*" for all.
	Profiles []string
	// Environment is what ${NAME} in the file is filled from, before its folder's .env.
	Environment map[string]string
	// To is the service that the load is sent to; "" chooses.
	To string
}

// project is a Compose file as its loader understands it, with where things stand in it.
type project struct {
	*types.Project
	places
	options Options
	// used are the variables that the file asked for, with what it got; fromFile those whose value .env has.
	used     map[string]string
	fromFile map[string]bool
	services []string // in the file's order, then those of other files
	warned   []string
}

// load reads a Compose file. An error is Problems, each with a place in the file.
func load(ctx context.Context, file string, data []byte, o Options) (*project, error) {
	if len(data) > source.MaxBytes {
		return nil, source.Problems{{Position: source.Position{File: file, Line: 1, Column: 1}, What: fmt.Sprintf("the file has more than %d bytes", source.MaxBytes), Fix: "import a part of it"}}
	}
	tree, problems := source.ReadAsIs(file, data)
	if tree == nil {
		return nil, problems.Ordered()
	}
	p := &project{places: places{file: file, tree: tree, text: data}, options: o, used: map[string]string{}, fromFile: map[string]bool{}}
	if services := tree.Get("services"); (services == nil || services.Kind != source.Mapping || len(services.Entries) == 0) && tree.Get("include") == nil && tree.Get("services") == nil {
		return nil, p.problem(tree.At, "there are no services in it: it is no Compose file", "write services: {NAME: {image: ...}}")
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", file, err)
	}
	environment, err := p.environment(dir)
	if err != nil {
		return nil, p.problem(source.Place{Line: 1, Column: 1}, "the .env file beside it can't be read: "+oneLine(err.Error()), "mend it")
	}
	details := types.ConfigDetails{
		WorkingDir: dir, Environment: environment,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, filepath.Base(file)), Content: data}},
	}
	p.Project, err = p.loaded(ctx, details)
	if err != nil {
		return nil, p.blamed(err, dir)
	}
	p.order()
	if len(p.services) == 0 {
		fix := "add a service"
		if all := slices.Sorted(maps.Keys(p.DisabledServices)); len(all) > 0 {
			fix = fmt.Sprintf("say which profiles are in: --profile NAME (%s)", strings.Join(p.profiles(), ", "))
		}
		return nil, p.problem(tree.At, "no service of it is in", fix)
	}
	return p, nil
}

// environment is what the file's variables are filled from: the environment, then .env.
func (p *project) environment(dir string) (types.Mapping, error) {
	out := types.Mapping{}
	name := filepath.Join(dir, ".env")
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && info.Size() <= source.MaxBytes {
		values, err := dotenv.GetEnvFromFile(p.options.Environment, []string{name})
		if err != nil {
			return nil, err
		}
		for key, value := range values {
			out[key], p.fromFile[key] = value, true
		}
	}
	for key, value := range p.options.Environment {
		out[key] = value
		delete(p.fromFile, key)
	}
	return out, nil
}

// quiet is held while the loader runs: its warnings go to a log of the whole program.
var quiet sync.Mutex

// loaded runs the loader. It has been seen to panic on hostile input: that is a mistake of the file.
func (p *project) loaded(ctx context.Context, details types.ConfigDetails) (out *types.Project, err error) {
	quiet.Lock()
	defer quiet.Unlock()
	var said strings.Builder
	log := logrus.StandardLogger()
	before, form := log.Out, log.Formatter
	log.SetOutput(&said)
	log.SetFormatter(plainMessage{})
	defer func() {
		log.SetOutput(before)
		log.SetFormatter(form)
		for line := range strings.Lines(said.String()) {
			if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "`version` is obsolete") && !slices.Contains(p.warned, line) {
				p.warned = append(p.warned, line)
			}
		}
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("the Compose project's loader can't read it: %v", r)
		}
	}()
	return loader.LoadWithContext(ctx, details, func(o *loader.Options) {
		o.SetProjectName(loader.NormalizeProjectName(filepath.Base(details.WorkingDir)), false)
		o.Profiles = p.options.Profiles
		look := o.Interpolate.LookupValue
		o.Interpolate.LookupValue = func(name string) (string, bool) {
			value, set := look(name)
			if set {
				p.used[name] = value
			}
			return value, set
		}
	})
}

// plainMessage is a log's message and nothing else.
type plainMessage struct{}

func (plainMessage) Format(e *logrus.Entry) ([]byte, error) {
	return []byte(oneLine(e.Message) + "\n"), nil
}

// order puts the services in the file's order; those that it includes come after them, by name.
func (p *project) order() {
	for _, name := range source.KeysIn(orEmpty(p.tree.Get("services"))) {
		if _, in := p.Services[name]; in {
			p.services = append(p.services, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		if !slices.Contains(p.services, name) {
			p.services = append(p.services, name)
		}
	}
}

// profiles are those of the services that are not in.
func (p *project) profiles() []string {
	var out []string
	for _, s := range p.DisabledServices {
		out = append(out, s.Profiles...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func orEmpty(v *source.Value) *source.Value {
	if v == nil {
		return &source.Value{Kind: source.Mapping}
	}
	return v
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
