package docker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"golang.org/x/sync/errgroup"
)

// things are what an engine has by some label.
type things struct {
	containers []container.Summary
	networks   []network.Summary
	volumes    []*volume.Volume
}

// list finds everything with a label, given as NAME or NAME=VALUE.
func (e *Engine) list(ctx context.Context, label string) (things, error) {
	var t things
	var err error
	with := filters.NewArgs(filters.Arg("label", label))
	if t.containers, err = e.api.ContainerList(ctx, container.ListOptions{All: true, Filters: with}); err != nil {
		return t, fmt.Errorf("list containers: %w", err)
	}
	if t.networks, err = e.api.NetworkList(ctx, network.ListOptions{Filters: with}); err != nil {
		return t, fmt.Errorf("list networks: %w", err)
	}
	volumes, err := e.api.VolumeList(ctx, volume.ListOptions{Filters: with})
	if err != nil {
		return t, fmt.Errorf("list volumes: %w", err)
	}
	t.volumes = volumes.Volumes
	return t, nil
}

// killRun kills all containers of a run at once.
func (e *Engine) killRun(ctx context.Context, run string) error {
	containers, err := e.api.ContainerList(ctx, container.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelRun+"="+run))})
	if err != nil {
		return fmt.Errorf("list containers: %w", err)
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, c := range containers {
		group.Go(func() error {
			if c.State == container.StatePaused {
				_ = e.api.ContainerUnpause(ctx, c.ID) // if it fails so does the kill
			}
			_ = e.api.ContainerKill(ctx, c.ID, "SIGKILL") // what can't be killed, the removal says why
			return nil
		})
	}
	return group.Wait()
}

// removeRun removes everything of a run.
func (e *Engine) removeRun(ctx context.Context, run string) error {
	t, err := e.list(ctx, labelRun+"="+run)
	if err != nil {
		return err
	}
	return e.remove(ctx, t)
}

// remove removes containers first, then the networks and volumes that they were on, each in parallel.
func (e *Engine) remove(ctx context.Context, t things) error {
	var all, group errgroup.Group
	group.SetLimit(atOnce)
	for _, c := range t.containers {
		group.Go(func() error {
			return retry(ctx, "container "+containerName(c), func() error {
				return e.api.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
			})
		})
	}
	err := group.Wait()
	all.SetLimit(atOnce)
	for _, n := range t.networks {
		all.Go(func() error {
			return retry(ctx, "network "+n.Name, func() error { return e.api.NetworkRemove(ctx, n.ID) })
		})
	}
	for _, v := range t.volumes {
		all.Go(func() error {
			return retry(ctx, "volume "+v.Name, func() error { return e.api.VolumeRemove(ctx, v.Name, true) })
		})
	}
	return errors.Join(err, all.Wait())
}

// removeTries bounds how often one thing is tried to be removed.
const removeTries = 6

// retry removes one thing. The engine sometimes needs a moment: a container that is just ending, a
// network that still has an endpoint.
func retry(ctx context.Context, what string, remove func() error) error {
	wait := 50 * time.Millisecond
	for try := 1; ; try++ {
		err := remove()
		if removed(err) {
			return nil
		}
		if try == removeTries {
			return fmt.Errorf("remove %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("remove %s: %w", what, errors.Join(err, ctx.Err()))
		case <-time.After(wait):
		}
		wait *= 2
	}
}

func containerName(c container.Summary) string {
	if len(c.Names) == 0 {
		return c.ID
	}
	return c.Names[0][1:] // names begin with a slash
}
