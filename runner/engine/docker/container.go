package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"

	"github.com/squallhq/squall/runner/engine/docker/imagenode"
	"github.com/squallhq/squall/runner/engine/docker/nodeimage"
	"github.com/squallhq/squall/runner/wire"
)

const (
	// dataFolder is a volume in every container of ours: it outlives kill -9 and start, not the run.
	dataFolder = "/data"
	configFile = "config.json"
	// nodeFolder is the part of it that the node itself sees.
	nodeFolder = dataFolder + "/node"

	// builtinMemory bounds a built-in node that has no limit of its own, so that a queue that grows
	// without end meets its limit and not the machine's.
	builtinMemory = 1 << 30
	builtinPids   = 1024
	meshMemory    = 2 << 30
	meshPids      = 16384
	imagePids     = 8192
	// healthEvery is long: each check starts a process in the container, and readiness is polled from
	// here. It is for people who look with docker ps.
	healthEvery = 30 * time.Second
)

// spec is a container to be made.
type spec struct {
	name    string
	config  *container.Config
	host    *container.HostConfig
	network string
	address string
}

// builtin is what all containers of our own binary have in common: no privileges at all, nothing
// writable but the data volume and a small /tmp.
func builtin(name, image, hostname string, labels map[string]string, command []string, healthURL string) spec {
	pids := int64(builtinPids)
	return spec{
		name: name,
		config: &container.Config{
			Image:    image,
			Hostname: hostname,
			Cmd:      command,
			Labels:   labels,
			Healthcheck: &container.HealthConfig{
				Test:     []string{"CMD", nodeimage.Binary, "health", healthURL},
				Interval: healthEvery, Timeout: 5 * time.Second, Retries: 3,
			},
		},
		host: &container.HostConfig{
			CapDrop:        []string{"ALL"},
			SecurityOpt:    []string{"no-new-privileges"},
			ReadonlyRootfs: true,
			Tmpfs:          map[string]string{"/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777"},
			LogConfig:      logConfig(),
			Resources:      container.Resources{PidsLimit: &pids},
			Mounts: []mount.Mount{{
				Type: mount.TypeVolume, Target: dataFolder,
				VolumeOptions: &mount.VolumeOptions{Labels: maps.Clone(labels)},
			}},
		},
	}
}

// logConfig names a log driver that can be read back, whatever the engine's default is.
func logConfig() container.LogConfig {
	return container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "64m", "max-file": "2"}}
}

// nodeSpec is a built-in node.
func nodeSpec(p *place, name, image string, labels map[string]string) spec {
	s := builtin(name, image, p.name(), labels, []string{"node", "--config", dataFolder + "/" + configFile},
		"http://127.0.0.1:"+strconv.Itoa(p.admin)+wire.AdminHealth)
	s.host.Memory = builtinMemory
	limits(p, &s.host.Resources)
	s.address = p.links[0].subnet.node().String()
	return s
}

// imageSpec is a node of somebody else's image, as `docker run` would start it: the default capabilities, and what the
// scenario does not say is the image's own.
func (i *instance) imageSpec(name string, labels map[string]string) (spec, error) {
	pids := int64(imagePids)
	s := spec{
		name:    name,
		config:  imagenode.Config(i.given, i.engine.testsEarly(), labels),
		host:    &container.HostConfig{LogConfig: logConfig(), Resources: container.Resources{PidsLimit: &pids}},
		address: i.place.links[0].subnet.node().String(),
	}
	limits(i.place, &s.host.Resources)
	if i.place.resolves {
		s.host.DNS = []string{i.place.links[0].subnet.mesh().String()}
	}
	return s, imagenode.Host(s.host, i.given, i.Plan.Scenario.Folder, i.volumes, labels)
}

// limits are those of the scenario. Swap would turn a memory limit into slowness.
func limits(p *place, r *container.Resources) {
	if p.instance.Node.Memory > 0 {
		r.Memory = p.instance.Node.Memory
	}
	r.MemorySwap = r.Memory
	r.NanoCPUs = nanoCPUs(p.instance.Node.CPUs)
}

func nanoCPUs(cpus float64) int64 { return int64(cpus * 1e9) }

// meshSpec is the mesh. Its control port is published on 127.0.0.1 for engines whose containers can't be dialled.
func meshSpec(name, image string, control subnet, labels map[string]string) spec {
	s := builtin(name, image, "mesh", labels, []string{"mesh", "--config", dataFolder + "/" + configFile}, "")
	s.config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}}
	port := nat.Port(strconv.Itoa(controlPort) + "/tcp")
	s.config.ExposedPorts = nat.PortSet{port: {}}
	s.host.PortBindings = nat.PortMap{port: {{HostIP: "127.0.0.1", HostPort: "0"}}}
	s.host.Sysctls = map[string]string{
		"net.ipv4.ip_forward":          "0", // it carries connections, never packets
		"net.ipv4.ip_local_port_range": "32768 65535",
	}
	pids := int64(meshPids)
	s.host.PidsLimit = &pids
	s.host.Memory, s.host.MemorySwap = meshMemory, meshMemory
	s.address = control.mesh().String()
	return s
}

// create makes a container and does not start it.
func (e *Engine) create(ctx context.Context, s spec) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makeTimeout)
	defer cancel()
	s.host.NetworkMode = container.NetworkMode(s.network)
	created, err := e.api.ContainerCreate(ctx, s.config, s.host, &network.NetworkingConfig{
		EndpointsConfig: map[string]*network.EndpointSettings{
			s.network: {IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: s.address}},
		},
	}, nil, s.name)
	if err != nil {
		return "", fmt.Errorf("create container %s from %s: %w", s.name, s.config.Image, err)
	}
	return created.ID, nil
}

// write puts a configuration file into a container of ours that does not run.
func (e *Engine) write(ctx context.Context, id string, content any) error {
	archive, err := configArchive(content)
	if err != nil {
		return err
	}
	return e.copyIn(ctx, id, archive)
}

// copyIn puts an archive into a container's data folder.
func (e *Engine) copyIn(ctx context.Context, id string, archive []byte) error {
	err := e.api.CopyToContainer(ctx, id, dataFolder, bytes.NewReader(archive), container.CopyToContainerOptions{})
	if err != nil {
		return fmt.Errorf("copy its configuration into the container: %w", err)
	}
	return nil
}

// configArchive is the configuration as a file that its user alone can read, and the node's own folder.
func configArchive(content any) ([]byte, error) {
	data, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	folder := tar.Header{Name: strings.TrimPrefix(nodeFolder, dataFolder+"/") + "/", Mode: 0o755, Uid: nodeimage.User, Gid: nodeimage.User}
	file := tar.Header{Name: configFile, Mode: 0o400, Uid: nodeimage.User, Gid: nodeimage.User}
	if err := nodeimage.WriteFile(w, folder, nil, 0); err != nil {
		return nil, err
	}
	if err := nodeimage.WriteFile(w, file, bytes.NewReader(data), int64(len(data))); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// start starts a container and does not wait for what runs in it.
func (e *Engine) start(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makeTimeout)
	defer cancel()
	return e.api.ContainerStart(ctx, id, container.StartOptions{})
}
