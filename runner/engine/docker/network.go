package docker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
)

// makeTimeout bounds one call that makes something. Such calls are not cut short by the caller's
// context: the engine would finish them anyway, and what it made then nobody would know of.
const makeTimeout = 2 * time.Minute

// createNetwork makes a network with the given addresses. An internal one has no way out: no
// default route that leads anywhere, and the host itself has no address on it.
func (e *Engine) createNetwork(ctx context.Context, name string, s subnet, internal bool, labels map[string]string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makeTimeout)
	defer cancel()
	options := map[string]string{}
	if internal {
		options["com.docker.network.bridge.inhibit_ipv4"] = "true"
	}
	created, err := e.api.NetworkCreate(ctx, name, network.CreateOptions{
		Driver:   "bridge",
		Internal: internal,
		Labels:   labels,
		Options:  options,
		IPAM:     &network.IPAM{Driver: "default", Config: []network.IPAMConfig{{Subnet: s.prefix.String(), Gateway: s.gateway().String()}}},
	})
	if err != nil {
		return "", fmt.Errorf("create network %s with %s: %w", name, s.prefix, err)
	}
	return created.ID, nil
}

// subnetTaken tells an engine's refusal of addresses that another network has, which may have
// been made since we looked.
func subnetTaken(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "Pool overlaps") || strings.Contains(err.Error(), "overlaps with") || strings.Contains(err.Error(), "cannot create network"))
}

// connect joins a container to a network at an address.
func (e *Engine) connect(ctx context.Context, networkID, container string, address string, aliases []string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makeTimeout)
	defer cancel()
	err := e.api.NetworkConnect(ctx, networkID, container, &network.EndpointSettings{
		IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: address},
		Aliases:    aliases,
	})
	if err != nil {
		return fmt.Errorf("connect to its network at %s: %w", address, err)
	}
	return nil
}

// removed tells errors that mean that there is nothing left to remove, or soon won't be.
func removed(err error) bool {
	return err == nil || errdefs.IsNotFound(err) || strings.Contains(err.Error(), "already in progress")
}
