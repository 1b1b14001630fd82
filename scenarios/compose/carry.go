package compose

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// carried are the keys of a service that the scenario has in its own way, or that mean nothing there.
var carried = []string{
	"image", "environment", "env_file", "command", "ports", "expose", "depends_on", "links", "networks", "scale", "cpus", "mem_limit", "name",
	"container_name", "hostname", "labels", "label_file", "logging", "log_driver", "profiles", "stdin_open", "tty", "extends", "pull_policy", "attach",
	"annotations", "develop", "build", "healthcheck", "volumes", "restart", "deploy", "configs", "secrets",
	"stop_grace_period", "mem_reservation",
}

// lost are keys whose loss needs more words than their names.
var lost = map[string]string{
	"entrypoint":   "the image's own entrypoint runs: make an image that has it",
	"user":         "it runs as the image's own user",
	"working_dir":  "it runs in the image's own folder",
	"network_mode": "a node has networks of its own",
	"extra_hosts":  "a node reaches what it calls and nothing else: add what it needs to calls",
	"dns":          "a node reaches what it calls and nothing else",
	"privileged":   "nodes have no privileges",
	"cap_add":      "nodes have no capabilities besides the usual ones",
	"devices":      "nodes have no devices",
	"tmpfs":        "it writes to the container's own disk there",
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
	p.noteFiles(one)
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
	if one.Restart != "" && one.Restart != types.RestartPolicyNo {
		p.note(one, "restart is not carried over: a node that ends stays ended, and the run says so", "restart")
	}
	for _, name := range slices.Sorted(maps.Keys(one.DependsOn)) {
		if d := one.DependsOn[name]; d.Condition == types.ServiceConditionCompletedSuccessfully {
			p.note(one, fmt.Sprintf("it starts without waiting for %s, which is left out", name), "depends_on", name)
		}
	}
}

func (p *project) noteBuild(one *part) {
	if one.Build == nil {
		return
	}
	p.note(one, fmt.Sprintf("build it before a run: docker compose -f %s build %s", p.file, one.Name), "build")
}

// imageName is the image, for a service that is built alone the name that Compose gives what it builds.
func (p *project) imageName(one *part) string {
	if one.Image != "" {
		return one.Image
	}
	return p.Name + "-" + one.Name
}

func (p *project) noteFiles(one *part) {
	for i, v := range one.Volumes {
		switch v.Type {
		case types.VolumeTypeVolume:
			p.note(one, fmt.Sprintf("the volume at %s is not carried over: what it writes is in the container, and gone with the run", v.Target), "volumes", strconv.Itoa(i))
		default:
			p.note(one, fmt.Sprintf("%s of the host is not at %s: make an image that has it", relative(v.Source, p.WorkingDir), v.Target), "volumes", strconv.Itoa(i))
		}
	}
	for i, c := range one.Configs {
		p.note(one, fmt.Sprintf("the config %s is not carried over: make an image that has it", c.Source), "configs", strconv.Itoa(i))
	}
	for i, s := range one.Secrets {
		p.note(one, fmt.Sprintf("the secret %s is not carried over: hand it over in env, as ${NAME}", s.Source), "secrets", strconv.Itoa(i))
	}
}

func relative(path, dir string) string { return strings.Replace(path, dir, ".", 1) }

func (p *project) noteHealth(one *part) {
	if one.HealthCheck == nil || one.HealthCheck.Disable || len(one.HealthCheck.Test) == 0 || one.health != "" {
		return
	}
	instead := "by its port"
	switch {
	case one.port == 0:
		instead = "by nothing: it is well once it has started"
	case one.database():
		instead = "by logging in"
	}
	p.note(one, "its health check is not carried over: a run sees that it is ready "+instead, "healthcheck")
}

func (p *project) noteDeploy(one *part) {
	d := one.Deploy
	if d == nil {
		return
	}
	for key, there := range map[string]bool{
		"update_config": d.UpdateConfig != nil, "rollback_config": d.RollbackConfig != nil, "restart_policy": d.RestartPolicy != nil,
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
func (o *part) database() bool { return o.image.postgres && o.port == o.image.port }

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
