package objects

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/engine/agent"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios"
)

// image adds somebody else's image to its pod, wrapped: a container copies squall into a volume before, and the image's own is process 1 by
// that, which runs what the image would.
func (m *maker) image(p *Place, s *kinds.PodSpec) error {
	n := m.given(p)
	uid, gid, err := whoRuns(n)
	if err != nil {
		return err
	}
	program, err := m.program(n)
	if err != nil {
		return err
	}
	v := &volumes{maker: m, place: p, spec: s}
	if err := v.all(n); err != nil {
		return err
	}
	own := restricted()
	own.RunAsUser, own.RunAsGroup = uid, gid
	words := append(agentWords(binFolder+"/"+agent.Installed, p), "--")
	c := kinds.Container{
		Name: NodeContainer, Image: n.Image, Command: append(words, literal(program)...), WorkingDir: n.WorkingDir,
		Env: environment(n), SecurityContext: own, Resources: resources(n, v.held), ResizePolicy: resizes(),
		VolumeMounts: slices.Concat([]kinds.VolumeMount{token(PartAgent), {Name: binVolume, MountPath: binFolder, ReadOnly: true}}, v.mounts),
	}
	c.Ports = append(c.Ports, kinds.ContainerPort{Name: "serves", ContainerPort: p.Serves})
	for _, port := range p.served()[1:] {
		c.Ports = append(c.Ports, kinds.ContainerPort{ContainerPort: port})
	}
	s.Containers = append(s.Containers, c)
	s.Volumes = append(s.Volumes, kinds.Volume{Name: binVolume, EmptyDir: &kinds.EmptyDir{SizeLimit: binData}})
	s.InitContainers = slices.Insert(s.InitContainers, 0, m.install(uid, gid, v))
	return nil
}

// install copies squall for the image to run, and makes the folders that are to be its user's own.
func (m *maker) install(uid, gid *int64, v *volumes) kinds.Container {
	own := ours()
	own.RunAsUser, own.RunAsGroup = uid, gid
	c := kinds.Container{
		Name: installContainer, Image: m.Image, Command: []string{binary, "agent", "--install", binFolder}, SecurityContext: own, Resources: installResources(),
		VolumeMounts: append([]kinds.VolumeMount{{Name: binVolume, MountPath: binFolder}}, v.made...),
	}
	for _, one := range v.made {
		c.Command = append(c.Command, "--make", one.MountPath+"/"+ownFolder)
	}
	return c
}

// whoRuns is who an image runs as, by its number: what is in the image knows names, and the cluster does not. nil: as squall's own do.
func whoRuns(n *scenarios.Node) (uid, gid *int64, err error) {
	if n.User == "" {
		return nil, nil, nil
	}
	user, group, has := strings.Cut(n.User, ":")
	number := func(text string) (*int64, error) {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id < 0 {
			return nil, fmt.Errorf("user: %q is known to the image alone, and a pod needs its number; write user: 999, say", n.User)
		}
		return &id, nil
	}
	if uid, err = number(user); err != nil {
		return nil, nil, err
	}
	if *uid == 0 {
		return nil, nil, fmt.Errorf("user: %q is root, which Pod Security's restricted profile refuses; name another", n.User)
	}
	if has {
		gid, err = number(group)
	}
	return uid, gid, err
}

// program is what an image's container runs: the image's own entrypoint is overlaid by the agent, so that it has to be known.
func (m *maker) program(n *scenarios.Node) ([]string, error) {
	command := n.ImageCommand()
	if len(n.Entrypoint) > 0 {
		return slices.Concat(n.Entrypoint, command), nil
	}
	if m.Program != nil {
		if p, known := m.Program(n.Image); known {
			if len(command) == 0 {
				command = p.Command
			}
			if words := slices.Concat(p.Entrypoint, command); len(words) > 0 {
				return words, nil
			}
		}
	}
	return nil, fmt.Errorf("what the image %s runs by itself is not known here, and the agent runs it in a pod; write it: entrypoint: [PROGRAM, ...]", n.Image)
}

// environment is an image's.
func environment(n *scenarios.Node) (out []kinds.EnvVar) {
	for _, one := range n.Environ() {
		name, value, _ := strings.Cut(one, "=")
		out = append(out, kinds.EnvVar{Name: name, Value: literal([]string{value})[0]})
	}
	return out
}

// literal are words in which a cluster puts no variables in: it takes $(NAME) for one.
func literal(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ReplaceAll(w, "$(", "$$(")
	}
	return out
}
