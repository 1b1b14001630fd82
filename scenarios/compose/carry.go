package compose

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios/dockerfile"
)

// carried are the keys of a service that the scenario has in its own way, or that mean nothing there.
var carried = []string{
	"image", "environment", "env_file", "command", "ports", "expose", "depends_on", "links", "networks", "scale", "cpus", "mem_limit", "name",
	"container_name", "hostname", "labels", "label_file", "logging", "log_driver", "profiles", "stdin_open", "tty", "extends", "pull_policy", "attach",
	"annotations", "develop", "build", "healthcheck", "volumes", "restart", "deploy", "configs", "secrets",
	"stop_grace_period", "mem_reservation", "entrypoint", "user", "working_dir", "init", "shm_size", "tmpfs",
}

// lost are keys whose loss needs more words than their names.
var lost = map[string]string{
	"network_mode": "a node has networks of its own",
	"extra_hosts":  "a node reaches what it calls and nothing else: add what it needs to calls",
	"dns":          "a node reaches what it calls and nothing else",
	"privileged":   "nodes have no privileges",
	"cap_add":      "nodes have no capabilities besides the usual ones",
	"devices":      "nodes have no devices",
}

// uncarried notes what of a service the scenario does not have.
func (p *project) uncarried(one *part) {
	var keys map[string]any
	if text, err := json.Marshal(one.ServiceConfig); err == nil {
		_ = json.Unmarshal(text, &keys) // it was written just now
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if keys[key] == nil || slices.Contains(carried, key) {
			continue
		}
		text := key + " is not carried over"
		if why := lost[key]; why != "" {
			text += ": " + why
		}
		p.note(one, text, key)
	}
	p.noteBuild(one)
	p.noteHealth(one)
	p.noteDeploy(one)
	for _, port := range one.Ports {
		if port.Protocol != "" && port.Protocol != "tcp" {
			p.note(one, fmt.Sprintf("its port %d/%s is not carried over: edges are TCP", port.Target, port.Protocol), "ports")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(one.Environment)) {
		if one.Environment[key] == nil {
			p.note(one, key+" is to come from the environment, and is not set there: it is left out", "environment", key)
		}
	}
}

// noteBuild tells of a build that a node can't do; what it says otherwise is the node's.
func (p *project) noteBuild(one *part) {
	if one.Build == nil {
		return
	}
	if one.built(p) != nil {
		p.noteDockerfile(one)
		return
	}
	p.note(one, fmt.Sprintf("a node builds from a folder that is in the scenario's, and from a file in it; build it before a run: docker compose -f %s build %s", p.file, one.Name), "build")
}

// noteDockerfile tells what of a build is BuildKit's, which a node does not build with.
func (p *project) noteDockerfile(one *part) {
	b := one.Build
	for key, said := range map[string]bool{
		"additional_contexts": len(b.AdditionalContexts) > 0, "entitlements": len(b.Entitlements) > 0, "platforms": len(b.Platforms) > 0,
		"secrets": len(b.Secrets) > 0, "ssh": len(b.SSH) > 0,
	} {
		if said {
			p.note(one, "build."+key+" is not carried over: it is BuildKit's, and a node is built with the engine's own builder", "build", key)
		}
	}
	at := filepath.Join(b.Context, cmp.Or(b.Dockerfile, "Dockerfile"))
	is, err := os.Stat(at)
	if err != nil || !is.Mode().IsRegular() || is.Size() > dockerfile.MaxBytes {
		return // whoever runs it is told
	}
	text, err := os.ReadFile(at)
	if err != nil {
		return
	}
	given := func(name string) bool { _, is := b.Args[name]; return is }
	for _, use := range dockerfile.BuildKit(string(text), given) {
		what := "take it out, or build it before a run: docker compose -f " + p.file + " build " + one.Name
		if use.Empty {
			what = "it is empty there: give it in build.args"
		}
		p.note(one, fmt.Sprintf("line %d of its Dockerfile has %s, which is BuildKit's, and a node is built with the engine's own builder; %s", use.Line, use.What, what), "build")
	}
}

// built are the lines of a part's build, nil where it has none that a node can do.
func (o *part) built(p *project) []string {
	b := o.Build
	if b == nil || b.DockerfileInline != "" || strings.Contains(b.Context, "://") || filepath.IsAbs(b.Dockerfile) {
		return nil
	}
	g := &outfit{project: p, on: o}
	context, in := g.inside(b.Context)
	if !in {
		return nil
	}
	lines := []string{"build:", "  context: " + g.text(context)}
	if b.Dockerfile != "" && b.Dockerfile != "Dockerfile" {
		lines = append(lines, "  dockerfile: "+g.text(b.Dockerfile))
	}
	if b.Target != "" {
		lines = append(lines, "  target: "+g.text(b.Target))
	}
	var args []string
	for _, name := range slices.Sorted(maps.Keys(b.Args)) {
		if value := b.Args[name]; value != nil && name != "" {
			args = append(args, "    "+keyed(name)+": "+g.text(*value))
		}
	}
	if args != nil {
		lines = append(append(lines, "  args:"), args...)
	}
	return lines
}

// imageName is the image, for a service that is built alone the name that Compose gives what it builds.
func (p *project) imageName(one *part) string {
	if one.Image != "" {
		return one.Image
	}
	return p.Name + "-" + one.Name
}

func relative(path, dir string) string { return strings.Replace(path, dir, ".", 1) }

func (p *project) noteHealth(one *part) {
	if one.HealthCheck == nil || one.HealthCheck.Disable || len(one.HealthCheck.Test) < 2 || one.health != "" || one.tested || !one.job {
		return
	}
	p.note(one, "its health check is not carried over: a job is well when it has ended with 0", "healthcheck")
}

func (p *project) noteDeploy(one *part) {
	d := one.Deploy
	if d == nil {
		return
	}
	for key, there := range map[string]bool{
		"update_config": d.UpdateConfig != nil, "rollback_config": d.RollbackConfig != nil,
	} {
		if there {
			p.note(one, "deploy."+key+" is not carried over", "deploy", key)
		}
	}
	if len(d.Placement.Constraints)+len(d.Placement.Preferences) > 0 {
		p.note(one, "deploy.placement is not carried over: give it a zone", "deploy", "placement")
	}
}

// database tells a part that is a database to Squall: a PostgreSQL server on its usual port.
func (o *part) database() bool { return o.image.postgres && o.port == o.image.port && !o.job }

// limits are a part's processors and memory; 0 for none.
func (o *part) limits() (cpus float64, memory int64) {
	cpus, memory = float64(o.CPUS), int64(o.MemLimit)
	if o.Deploy != nil && o.Deploy.Resources.Limits != nil {
		l := o.Deploy.Resources.Limits
		if l.NanoCPUs > 0 {
			cpus = float64(l.NanoCPUs)
		}
		if l.MemoryBytes > 0 {
			memory = int64(l.MemoryBytes)
		}
	}
	return cpus, memory
}
