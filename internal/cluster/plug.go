package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// plugHost lays a cable from this machine to the one of the control plane.
func (c *Cluster) plugHost(ctx context.Context, pid int) error {
	at := addresses(c.Index)
	return commands(ctx, [][]string{
		{"ip", "link", "add", at.link(), "type", "veth", "peer", "name", hostSide, "netns", strconv.Itoa(pid)},
		{"ip", "address", "add", at.host() + "/24", "dev", at.link()},
		{"ip", "link", "set", at.link(), "up"},
	})
}

// unplugHost takes this machine's cable away. It would go with the control plane's network; that lives on without a process for as
// long as the kernel tries to tell the end of connections to machines that are gone, too.
func (c *Cluster) unplugHost() error {
	name := addresses(c.Index).link()
	if _, err := net.InterfaceByName(name); err != nil {
		return nil // it has gone
	}
	err := commands(context.Background(), [][]string{{"ip", "link", "delete", name}})
	if _, gone := net.InterfaceByName(name); gone != nil {
		return nil // meanwhile
	}
	return err
}

// plugNode lays one from a node to the bridge. One that the kernel is still taking away, of the same machine before its power failed, is waited for.
func (c *Cluster) plugNode(ctx context.Context, m machine, node, bridge int) error {
	ctx, cancel := context.WithTimeout(ctx, plugPatience)
	defer cancel()
	cable := []string{"ip", "link", "add", "eth0", "netns", strconv.Itoa(node), "type", "veth", "peer", "name", cableTo(m.Name), "netns", strconv.Itoa(bridge)}
	for {
		err := commands(ctx, [][]string{cable})
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return err
		}
		rest(ctx, everyLook)
	}
	return commands(ctx, [][]string{within(bridge, "ip", "link", "set", cableTo(m.Name), "master", "br0", "up")})
}

const plugPatience = 10 * time.Second

// cableTo is the name of the bridge's end of a node's cable.
func cableTo(node string) string { return "to-" + node }

// Unplug takes a node off the network, or back onto it: it runs on, and nobody reaches it.
func (c *Cluster) Unplug(ctx context.Context, node string, off bool) error {
	pid, err := c.pid(control)
	if err != nil {
		return err
	}
	state := "up"
	if off {
		state = "down"
	}
	return commands(ctx, [][]string{within(pid, "ip", "link", "set", cableTo(node), state)})
}

// within is a command in the network of a process.
func within(pid int, command ...string) []string {
	return append([]string{"nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", pid), "--"}, command...)
}

// InNetwork runs a command of this machine in the network of a node, and returns what it says.
func (c *Cluster) InNetwork(ctx context.Context, node, stdin string, command ...string) (string, error) {
	pid, err := c.pid(node)
	if err != nil {
		return "", err
	}
	words := within(pid, command...)
	run := exec.CommandContext(ctx, words[0], words[1:]...)
	run.Stdin = strings.NewReader(stdin)
	out, err := run.CombinedOutput()
	if err != nil {
		return "", errors.Join(ctx.Err(), fmt.Errorf("%s in the network of %s: %w: %s", strings.Join(command, " "), node, err, strings.TrimSpace(string(out))))
	}
	return string(out), nil
}

// Ranges are the addresses that are the cluster's own: of its pods, and of its machines.
func (c *Cluster) Ranges() (pods, machines string) {
	at := addresses(c.Index)
	return at.allPods(), at.network()
}

// commands runs one after the other, up to the first that fails.
func commands(ctx context.Context, all [][]string) error {
	for _, command := range all {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return errors.Join(ctx.Err(), fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(string(out))))
		}
	}
	return nil
}
