package docker

import (
	"bytes"
	"context"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/docker/nodeimage"
	"github.com/squallhq/squall/runner/engine/enginetest"
)

// What others do to containers over the engine's API is told, and what we do is not.
func TestWhatOthersDoIsTold(t *testing.T) {
	e := testEngine(t, Options{Exe: squallbin.Path(t)})
	other := testEngine(t, Options{Exe: squallbin.Path(t)})
	do := func(act func(ctx context.Context, id string) error) func(*testing.T, string, string) {
		return func(t *testing.T, run, instance string) {
			if err := act(t.Context(), "squall-"+run+"-"+instance); err != nil {
				t.Fatal(err)
			}
		}
	}
	command := []string{nodeimage.Binary, "help", "password=hunter2"}
	archive, err := configArchive("by hand")
	if err != nil {
		t.Fatal(err)
	}
	address := ""
	enginetest.WhatOthersDo(t, e, enginetest.Hand{
		Unplug: do(func(ctx context.Context, id string) error {
			was, err := other.api.ContainerInspect(ctx, id)
			if err != nil {
				return err
			}
			address = was.NetworkSettings.Networks[id].IPAddress // an instance's network has its name
			return other.api.NetworkDisconnect(ctx, id, id, false)
		}),
		Plug:     do(func(ctx context.Context, id string) error { return other.connect(ctx, id, id, address, nil) }),
		Stop:     do(other.api.ContainerPause),
		Continue: do(other.api.ContainerUnpause),
		Kill:     do(func(ctx context.Context, id string) error { return other.api.ContainerKill(ctx, id, "SIGKILL") }),
		Terminate: do(func(ctx context.Context, id string) error {
			return other.api.ContainerStop(ctx, id, container.StopOptions{})
		}),
		Restart: do(func(ctx context.Context, id string) error {
			return other.api.ContainerRestart(ctx, id, container.StopOptions{})
		}),
		Inside: []enginetest.Deed{
			{What: "ran squall in it", Do: do(func(ctx context.Context, id string) error {
				made, err := other.api.ContainerExecCreate(ctx, id, container.ExecOptions{Cmd: command})
				if err != nil {
					return err
				}
				return other.api.ContainerExecStart(ctx, made.ID, container.ExecStartOptions{Detach: true})
			})},
			{What: "files copied into it", Do: do(func(ctx context.Context, id string) error {
				return other.api.CopyToContainer(ctx, id, dataFolder, bytes.NewReader(archive), container.CopyToContainerOptions{})
			})},
		},
	})
}
