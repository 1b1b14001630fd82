package objects

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/squallhq/squall/faults/mesh/remote"
	"github.com/squallhq/squall/runner/engine/agent"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// Where things are in a pod's containers.
const (
	// binary is in squall's own image; binFolder is where an image's container has a copy of it.
	binary    = "/squall"
	binFolder = "/.squall/bin"
	// tokenFolder has what who tells the mesh and the agent must show.
	tokenFolder = "/.squall/token"
	// DataFolder is where a built-in node has what outlives its restarts.
	DataFolder = "/data"
)

// The containers and the volumes of a pod.
const (
	// NodeContainer is where the instance runs, MeshContainer the sidecar.
	NodeContainer = "node"
	MeshContainer = "mesh"

	installContainer = "install"
	binVolume        = "bin"
	tokensVolume     = "tokens"
	dataVolume       = "data"
	temporaryVolume  = "tmp"
)

const (
	// grace is how long a pod's parts may take to end, and agentGrace how long of it the instance may.
	grace      = 10
	agentGrace = 8e9
)

// pod is an instance's.
func (m *maker) pod(p *Place) (kinds.Pod, error) {
	spec := m.spec(p)
	var err error
	if p.Image() {
		err = m.image(p, &spec)
	} else {
		m.builtIn(p, &spec)
	}
	if err != nil {
		return kinds.Pod{}, fmt.Errorf("node %q: %w", p.Instance.Node.Name, err)
	}
	m.where(p, &spec)
	return kinds.Pod{TypeMeta: kinds.TypeMeta{APIVersion: "v1", Kind: "Pod"}, Metadata: m.meta(p.Pod, labels(p)), Spec: spec}, nil
}

// spec is what all pods have in common: the sidecar, what it is told, and no privilege at all.
func (m *maker) spec(p *Place) kinds.PodSpec {
	s := kinds.PodSpec{
		RestartPolicy: "Always", TerminationGracePeriodSeconds: ptr(int64(grace)),
		AutomountServiceAccountToken: ptr(false), EnableServiceLinks: ptr(false),
		SecurityContext: &kinds.PodSecurityContext{
			RunAsNonRoot: ptr(true), RunAsUser: ptr(int64(user)), RunAsGroup: ptr(int64(user)), FSGroup: ptr(int64(user)),
			SeccompProfile: &kinds.SeccompProfile{Type: "RuntimeDefault"},
		},
		Hostname: p.Name,
		Volumes:  []kinds.Volume{m.tokensOf(p)},
	}
	for _, name := range m.PullSecrets {
		s.ImagePullSecrets = append(s.ImagePullSecrets, kinds.LocalReference{Name: name})
	}
	if p.privileged() {
		// It is among those that Pod Security's restricted profile lets be set: no capability is needed for ports below 1024.
		s.SecurityContext.Sysctls = []kinds.Sysctl{{Name: "net.ipv4.ip_unprivileged_port_start", Value: "0"}}
	}
	switch {
	case p.Resolves:
		s.DNSPolicy, s.DNSConfig = "None", &kinds.DNSConfig{Nameservers: []string{Resolver}}
	default:
		s.HostAliases = p.Aliases
	}
	s.InitContainers = append(s.InitContainers, m.sidecar(p))
	return s
}

// Resolver is where a pod's lookups are answered, where faults change them: at its port 53.
const Resolver = "127.0.0.1"

// privileged tells that something in the pod listens on a port below 1024.
func (p *Place) privileged() bool {
	low := p.Resolves || p.Serves > 0 && p.Serves < 1024
	for _, g := range p.Groups {
		low = low || port(g.Listen) < 1024
	}
	if p.Instance.Node != nil {
		for _, one := range append(p.Instance.Node.OtherPorts(), p.Instance.Node.Ports...) {
			low = low || one.Target < 1024
		}
	}
	return low
}

func port(address string) int {
	n, _ := strconv.Atoi(address[strings.LastIndexByte(address, ':')+1:]) // the layout's own
	return n
}

// restricted is what every container may do: nothing that a program needs to be let.
func restricted() *kinds.SecurityContext {
	return &kinds.SecurityContext{AllowPrivilegeEscalation: ptr(false), Capabilities: &kinds.Capabilities{Drop: []string{"ALL"}}}
}

// ours is what a container of squall's own image may do, besides: it writes nowhere but in its volumes.
func ours() *kinds.SecurityContext {
	s := restricted()
	s.ReadOnlyRootFilesystem = ptr(true)
	return s
}

// sidecar carries the edges: it is there before the instance, as long as the pod.
func (m *maker) sidecar(p *Place) kinds.Container {
	return kinds.Container{
		Name: MeshContainer, Image: m.Image,
		Command: []string{binary, "mesh", "--config", text(remote.Config{
			Control: ":" + strconv.Itoa(p.Mesh), TokenFile: tokenFolder + "/" + PartMesh, Seed: m.plan.Seed,
		})},
		RestartPolicy: "Always", SecurityContext: ours(), Resources: meshResources(),
		Ports:        []kinds.ContainerPort{{Name: "mesh", ContainerPort: p.Mesh}},
		StartupProbe: &kinds.Probe{TCPSocket: &kinds.TCPSocket{Port: p.Mesh}, PeriodSeconds: 1, FailureThreshold: 60},
		VolumeMounts: []kinds.VolumeMount{token(PartMesh)},
	}
}

// The parts of a pod that are told what to do, each with a token of its own: what runs in the one can't tell the other.
const (
	PartMesh  = "mesh"
	PartAgent = "agent"
)

// token is where a container has the token of its part.
func token(part string) kinds.VolumeMount {
	return kinds.VolumeMount{Name: tokensVolume, MountPath: tokenFolder + "/" + part, SubPath: part, ReadOnly: true}
}

// agentWords are what the container of an instance runs, from where squall is in it.
func agentWords(binary string, p *Place) []string {
	return []string{binary, "agent", "--config", text(agent.Config{
		Control: loopback(1, p.Agent), TokenFile: tokenFolder + "/" + PartAgent, Instance: p.Name, Grace: agentGrace,
	})}
}

// builtIn adds a built-in node to its pod.
func (m *maker) builtIn(p *Place, s *kinds.PodSpec) {
	c := kinds.Container{
		Name: NodeContainer, Image: m.Image, Command: agentWords(binary, p),
		SecurityContext: ours(), Resources: resources(p.Instance.Node, 0), ResizePolicy: resizes(),
		Ports: []kinds.ContainerPort{{Name: "serves", ContainerPort: p.Serves}},
		VolumeMounts: []kinds.VolumeMount{
			token(PartAgent), {Name: dataVolume, MountPath: DataFolder}, {Name: temporaryVolume, MountPath: "/tmp"},
		},
	}
	s.Containers = append(s.Containers, c)
	s.Volumes = append(s.Volumes,
		kinds.Volume{Name: dataVolume, EmptyDir: &kinds.EmptyDir{SizeLimit: builtInData}},
		kinds.Volume{Name: temporaryVolume, EmptyDir: &kinds.EmptyDir{SizeLimit: temporaryData}})
}

// tokensOf are the tokens of a pod's parts, of all that the run's secret has.
func (m *maker) tokensOf(p *Place) kinds.Volume {
	parts := []string{PartMesh}
	if p.Instance.Node != nil {
		parts = append(parts, PartAgent)
	}
	source := &kinds.SecretSource{SecretName: m.name(tokensVolume), DefaultMode: ptr(0o440)}
	for _, part := range parts {
		source.Items = append(source.Items, kinds.KeyToPath{Key: m.addToken(p.Name, part), Path: part})
	}
	return kinds.Volume{Name: tokensVolume, Secret: source}
}

// addToken has the run's secret hold a token.
func (m *maker) addToken(instance, part string) (key string) {
	key = instance + "." + part
	m.tokens[key] = []byte(m.token(instance, part))
	return key
}

// unsaid is in the place of what is only said where objects are shown.
const unsaid = "made when it runs"

func (m *maker) token(instance, part string) string {
	if m.Token == nil {
		return unsaid
	}
	return m.Token(instance, part)
}

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error() // plain data always can
	}
	return string(data)
}

// entry makes the pod of the loads' edges to external nodes.
func (m *maker) entry(p *Place) {
	s := m.spec(p)
	// It has nothing but its sidecar, which is a container of its own here.
	c := s.InitContainers[0]
	c.RestartPolicy, s.InitContainers = "", nil
	s.Containers = []kinds.Container{c}
	m.set.Pods = append(m.set.Pods, kinds.Pod{TypeMeta: kinds.TypeMeta{APIVersion: "v1", Kind: "Pod"}, Metadata: m.meta(p.Pod, labels(p)), Spec: s})
}
