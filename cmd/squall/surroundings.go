package main

import (
	"cmp"
	"context"

	"github.com/squallhq/squall/cmd/squall/machine"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/docker"
)

// prepared says where this machine may have too little for a plan; an error where the plan surely can't be carried out on it.
func prepared(ctx context.Context, engine runner.Engine, p *planned, out string, say func(string)) error {
	kind := machine.Processes
	left := machine.Read(cmp.Or(out, "runs"))
	switch e := engine.(type) {
	case runner.Enclosing:
		kind = machine.Virtual
	case *docker.Engine:
		kind = machine.Containers
		if total, err := e.Memory(ctx); err == nil && total > 0 {
			all := uint64(total)
			left.Engine = &all
		}
	}
	warnings, err := left.Check(p.Plan, kind)
	for _, one := range warnings {
		say(one)
	}
	return err
}
