package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/squallhq/squall/runner/engine/docker/nodeimage"
	"github.com/squallhq/squall/runner/engine/owner"
)

// Reap removes what runs have left whose squall is gone, and images of other binaries and those built for scenarios that no
// container uses and nobody has wanted for imageGrace, and says in words what it removed. What belongs to a run that is alive stays.
func (e *Engine) Reap(ctx context.Context) ([]string, error) {
	words, err := e.reapRuns(ctx, owner.This())
	images, imagesErr := e.reapImages(ctx, nodeimage.Label, sync.OnceValues(func() (string, error) { return nodeimage.Sum(e.options.Exe) }), time.Now())
	built, builtErr := e.reapImages(ctx, labelBuild, func() (string, error) { return "", nil }, time.Now())
	return slices.Concat(words, images, built), errors.Join(err, imagesErr, builtErr)
}

// reapRuns removes the runs whose owner is gone, as seen by a process of here.
func (e *Engine) reapRuns(ctx context.Context, here owner.Owner) ([]string, error) {
	var words []string
	var errs []error
	for round := 1; round <= reapRounds; round++ {
		all, err := e.list(ctx, labelRun)
		if err != nil {
			return words, err
		}
		dead := all.of(deadRuns(all, here))
		if len(dead.words()) == 0 {
			break
		}
		err = e.remove(ctx, dead)
		if err == nil {
			words = append(words, dead.words()...)
		} else if round == reapRounds {
			errs = append(errs, err)
		}
		select {
		case <-ctx.Done():
			return words, errors.Join(append(errs, ctx.Err())...)
		case <-time.After(reapPause):
		}
	}
	slices.Sort(words)
	return slices.Compact(words), errors.Join(errs...)
}

// The engine may still be making what a run asked for in the moment it was killed: while a dead run
// has something, we look again.
const (
	reapRounds = 6
	reapPause  = 250 * time.Millisecond
)

// deadRuns are the runs whose owner is gone. A run is judged by all it has: one sign of life and it stays.
func deadRuns(t things, here owner.Owner) map[string]bool {
	dead := map[string]bool{}
	for _, labels := range t.labels() {
		run := labels[labelRun]
		isDead := ownerGone(labels, here)
		if before, seen := dead[run]; seen {
			isDead = isDead && before
		}
		dead[run] = isDead
	}
	return dead
}

// ownerGone reads an owner's labels; without readable ones nobody can be asked, and it stays.
func ownerGone(labels map[string]string, here owner.Owner) bool {
	o, err := owner.Parse(labels[labelOwner])
	if err != nil {
		return false
	}
	expires, err := strconv.ParseInt(labels[labelExpires], 10, 64)
	if err != nil {
		return false
	}
	return o.Gone(here, time.Unix(expires, 0))
}

// labels are those of everything.
func (t things) labels() []map[string]string {
	var out []map[string]string
	for _, c := range t.containers {
		out = append(out, c.Labels)
	}
	for _, n := range t.networks {
		out = append(out, n.Labels)
	}
	for _, v := range t.volumes {
		out = append(out, v.Labels)
	}
	return out
}

// of keeps what belongs to the given runs.
func (t things) of(runs map[string]bool) things {
	var out things
	for _, c := range t.containers {
		if runs[c.Labels[labelRun]] {
			out.containers = append(out.containers, c)
		}
	}
	for _, n := range t.networks {
		if runs[n.Labels[labelRun]] {
			out.networks = append(out.networks, n)
		}
	}
	for _, v := range t.volumes {
		if runs[v.Labels[labelRun]] {
			out.volumes = append(out.volumes, v)
		}
	}
	return out
}

func (t things) words() []string {
	var out []string
	for _, c := range t.containers {
		out = append(out, fmt.Sprintf("container %s (of run %s)", containerName(c), c.Labels[labelRun]))
	}
	for _, n := range t.networks {
		out = append(out, fmt.Sprintf("network %s (of run %s)", n.Name, n.Labels[labelRun]))
	}
	for _, v := range t.volumes {
		out = append(out, fmt.Sprintf("volume %.12s (%s of run %s)", v.Name, v.Labels[labelNode], v.Labels[labelRun]))
	}
	slices.Sort(out)
	return out
}

// imageGrace is how long an image of another binary is left alone after it was last wanted: another squall may
// be between finding it there and making its first container, with other images to download in the meantime.
const imageGrace = time.Hour

// reapImages removes images whose label names another binary than the current one and that have not been wanted for
// imageGrace as of now. The engine keeps those that a container uses. Which binary is current is asked only where an image is that
// old: it takes reading all of it, which is as long as a short run in virtual time.
func (e *Engine) reapImages(ctx context.Context, label string, current func() (string, error), now time.Time) ([]string, error) {
	images, err := e.api.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", label))})
	if err != nil {
		return nil, fmt.Errorf("list images of old binaries: %w", err)
	}
	var words []string
	var errs []error
	for _, i := range images {
		if len(i.RepoTags) == 0 {
			continue
		}
		ref := i.RepoTags[0]
		unwanted, err := e.unwanted(ctx, ref, now)
		if err == nil && !unwanted {
			continue
		}
		if sum, sumErr := current(); sumErr != nil || i.Labels[label] == sum {
			errs = append(errs, sumErr)
			continue
		}
		if err == nil {
			// By name and without force, so that the engine refuses while a container uses it.
			_, err = e.api.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
		}
		switch {
		case err == nil:
			whose := "of another binary"
			if label == labelBuild {
				whose = "built for a scenario"
			}
			words = append(words, "image "+ref+" ("+whose+")")
		case errdefs.IsConflict(err), errdefs.IsNotFound(err): // in use, or somebody else was quicker
		default:
			errs = append(errs, fmt.Errorf("remove image %s: %w", ref, err))
		}
	}
	return words, errors.Join(errs...)
}

// unwanted tells whether nobody has wanted an image for imageGrace. Where the engine knows no time, it stays, and its
// time begins now, so that it does not stay for ever.
func (e *Engine) unwanted(ctx context.Context, ref string, now time.Time) (bool, error) {
	found, err := e.api.ImageInspect(ctx, ref)
	if err != nil {
		return false, err
	}
	if found.Metadata.LastTagTime.IsZero() {
		return false, e.claim(ctx, ref)
	}
	return now.Sub(found.Metadata.LastTagTime) > imageGrace, nil
}
