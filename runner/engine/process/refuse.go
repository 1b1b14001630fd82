package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// refuse says what a plan wants of its local commands that needs containers, and which of their programs are not here.
func refuse(p *topology.Plan) error {
	var errs []error
	for _, n := range p.Scenario.Nodes {
		if n.Local == nil {
			continue
		}
		for _, key := range unheld(n) {
			errs = append(errs, fmt.Errorf("node %q: %s needs a container, and the process engine runs it as a command of this machine; take it away, or use --engine docker", n.Name, key))
		}
		for _, s := range n.Secrets {
			if _, is := os.LookupEnv(s.Environment); s.Environment != "" && !is {
				errs = append(errs, fmt.Errorf("node %q: secrets: %s: squall's environment has no %s; set it", n.Name, s.Name, s.Environment))
			}
		}
		if words := n.LocalWords(); len(words) > 0 && !strings.Contains(words[0], "$(") {
			if _, err := program(words[0], p.Scenario.Folder); err != nil {
				errs = append(errs, fmt.Errorf("node %q: local: %w; install it, or use --engine docker", n.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// unheld are the keys of a node that only a container can be held to.
func unheld(n *scenarios.Node) (keys []string) {
	add := func(key string, said bool) {
		if said {
			keys = append(keys, key)
		}
	}
	add("cpus", n.CPUs > 0)
	add("memory", n.Memory > 0)
	add("user", n.User != "")
	add("init", n.Init)
	add("shm_size", n.ShmSize > 0)
	add("replica_of", n.ReplicaOf != "")
	add("replication", n.ReplicaOf == "" && n.Followers > 0)
	for _, v := range n.Volumes {
		add("the size of the volume "+v.Target, v.Size > 0)
		add("ro of the volume "+v.Target, v.ReadOnly && v.From == "")
	}
	for _, t := range n.Tmpfs {
		add("the options of the tmpfs "+t.Target, t.Options != "")
	}
	for _, f := range n.Files {
		add("the user of the file "+f.Target, f.User != "")
	}
	add("the user of the certificate", n.Certificate != nil && n.Certificate.User != "")
	for _, s := range n.Secrets {
		add("the user of the secret "+s.Name, s.User != "")
	}
	return keys
}

// program finds what a local command runs: a path begins at the scenario's folder, a name is looked for in PATH.
func program(word, folder string) (string, error) {
	if strings.Contains(word, "/") && !filepath.IsAbs(word) {
		at, err := filepath.Abs(filepath.Join(folder, word))
		if err != nil {
			return "", err
		}
		word = at
	}
	found, err := exec.LookPath(word)
	if err != nil {
		return "", fmt.Errorf("this machine has no program %s: %w", word, err)
	}
	return found, nil
}

// notIsolated says which nodes can reach more than the scenario says; "": none.
func notIsolated(p *topology.Plan) string {
	var names []string
	for _, n := range p.Scenario.Nodes {
		if n.Local != nil {
			names = append(names, n.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "not kept apart without containers: as commands of this machine, these reach whatever it does, and not over their edges alone: " + strings.Join(names, ", ")
}
