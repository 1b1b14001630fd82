// Package objects says what a plan is in a Kubernetes cluster: the objects of a run, as plain values, and where in its pods everything is. It
// is a function of the plan and of the files that the scenario copies; it asks no server.
//
// An instance is a pod. In it a sidecar carries the edges over which the instance calls, so that nothing that becomes of the callee takes an
// edge away, and the edges of loads into it; and an agent is process 1 of the instance's container and runs it, so that it can be
// killed, stopped and started with its address and its data, without the kubelet's back-off. No pod has a privilege: all of them pass Pod
// Security's restricted profile. None speaks to the API server, but for one that gives a Service back that it has taken the place of.
package objects

import (
	"cmp"
	"io/fs"
	"slices"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/surroundings"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Options are what a plan does not say.
type Options struct {
	// Run is the run's id, Namespace where its objects are; Own tells that the namespace is the run's own, and made with it.
	Run, Namespace string
	Own            bool
	// Image is that of squall itself.
	Image string
	// PullSecrets are those by which images are pulled.
	PullSecrets []string
	// Owner owns every object of the run; nil: nobody yet, as where they are only shown.
	Owner *kinds.OwnerReference
	// Token is what who tells a part ("mesh" or "agent") of an instance's pod must show; nil: it is only said that there is one.
	Token func(instance, part string) string
	// Folder is the scenario's, and Environment squall's own, where files and secrets come from. nil: what comes from there is only said.
	Folder      fs.FS
	Environment func(name string) (string, bool)
	// Generators are the pods that send the loads, run with these words.
	Generators int
	Generator  []string
	// Zones puts instances on machines whose labels say the region and the zone that the scenario says.
	Zones bool
	// Rerouted are the Services that external nodes are which other external nodes call, by the callees, as the cluster has them; nil: it was not asked.
	Rerouted map[string]kinds.Service
	// Program is what an image runs by itself, where that is known; nil: of none.
	Program func(image string) (Program, bool)
}

// Program is what an image runs by itself.
type Program struct{ Entrypoint, Command []string }

// Set is the objects of a run.
type Set struct {
	Layout *Layout
	// Namespace is the run's own; nil: it is somebody else's.
	Namespace  *kinds.Namespace
	ConfigMaps []kinds.ConfigMap
	Secrets    []kinds.Secret
	// Services are those by which images call past ports of their own: Address puts their addresses into the pods.
	Services []kinds.Service
	Policies []kinds.NetworkPolicy
	Pods     []kinds.Pod
	// Generators is the job that sends the loads; nil: there are none.
	Generators *kinds.Job
}

// All are all of them, in the order in which they are made: what others need comes before them.
func (s *Set) All() (out []any) {
	if s.Namespace != nil {
		out = append(out, *s.Namespace)
	}
	for _, o := range s.ConfigMaps {
		out = append(out, o)
	}
	for _, o := range s.Secrets {
		out = append(out, o)
	}
	for _, o := range s.Services {
		out = append(out, o)
	}
	for _, o := range s.Policies {
		out = append(out, o)
	}
	for _, o := range s.Pods {
		out = append(out, o)
	}
	if s.Generators != nil {
		out = append(out, *s.Generators)
	}
	return out
}

// The labels of a run's objects. LabelRun is on all of them.
const (
	LabelRun      = "squall.run"
	LabelNode     = "squall.node"
	LabelInstance = "squall.instance"
	// LabelPart is what a pod is for: PartInstance, PartEntry, PartReroute, PartGenerator or PartConductor.
	LabelPart = "squall.part"
	// JobLabel is what the cluster puts on the pods of a job: its name.
	JobLabel = "batch.kubernetes.io/job-name"
)

// ConductorJob is what the job of a run's conductor is called, where that is in the cluster. Its pod may tell all others what to do.
func ConductorJob(run string) string { return ConductorPrefix + run }

// ConductorPrefix is before the run's id in the name of its conductor's job.
const ConductorPrefix = "squall-conductor-"

// The parts of a run.
const (
	PartInstance  = "instance"
	PartEntry     = "entry"
	PartGenerator = "generator"
	PartConductor = "conductor"
)

// user is who everything of ours runs as: nobody that a machine knows.
const user = 65532

// maker makes the objects of one run.
type maker struct {
	Options
	plan *topology.Plan
	set  Set
	// tokens are those of all parts, by their keys in the run's secret.
	tokens map[string][]byte
}

// Make makes the objects of a plan. Its error is every reason why the plan can't be pods.
func Make(plan *topology.Plan, o Options) (*Set, error) {
	m := &maker{Options: o, plan: plan, tokens: map[string][]byte{}}
	if err := m.check(); err != nil {
		return nil, err
	}
	layout, err := newLayout(plan, o.Rerouted, m.name)
	if err != nil {
		return nil, err
	}
	m.set.Layout = layout
	if o.Own {
		m.set.Namespace = m.namespace()
	}
	for _, p := range layout.Places {
		if err := m.place(p); err != nil {
			return nil, err
		}
	}
	for _, p := range layout.Reroutes {
		m.rerouter(p)
	}
	if layout.Entry != nil {
		m.entry(layout.Entry)
	}
	if o.Generators > 0 {
		m.generators()
	}
	m.policies()
	m.set.Secrets = append(m.set.Secrets, kinds.Secret{
		TypeMeta: kinds.TypeMeta{APIVersion: "v1", Kind: "Secret"}, Metadata: m.meta(m.name(tokensVolume), nil), Data: m.tokens,
	})
	return &m.set, nil
}

// name is what an object of the run is called.
func (m *maker) name(what string) string { return "squall-" + m.Run + "-" + what }

// meta is what every object has: whose it is.
func (m *maker) meta(name string, labels map[string]string) kinds.ObjectMeta {
	all := map[string]string{LabelRun: m.Run}
	for key, value := range labels {
		all[key] = value
	}
	out := kinds.ObjectMeta{Name: name, Namespace: m.Namespace, Labels: all}
	if m.Owner != nil {
		out.OwnerReferences = []kinds.OwnerReference{*m.Owner}
	}
	return out
}

// namespace is the run's own, in which no pod can have a privilege.
func (m *maker) namespace() *kinds.Namespace {
	meta := m.meta(m.Namespace, map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest",
	})
	meta.Namespace, meta.OwnerReferences = "", nil // it belongs to no namespace, and nothing in one owns it
	return &kinds.Namespace{TypeMeta: kinds.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, Metadata: meta}
}

// labels are those of an instance's objects.
func labels(p *Place) map[string]string {
	if p.Reroutes != "" {
		return map[string]string{LabelPart: PartReroute, LabelNode: p.Reroutes, LabelInstance: p.Name}
	}
	if p.Instance.Node == nil {
		return map[string]string{LabelPart: PartEntry, LabelInstance: p.Name}
	}
	return map[string]string{LabelPart: PartInstance, LabelNode: p.Instance.Node.Name, LabelInstance: p.Name}
}

// place makes the objects of an instance.
func (m *maker) place(p *Place) error {
	pod, err := m.pod(p)
	if err != nil {
		return err
	}
	m.set.Pods = append(m.set.Pods, pod)
	m.services(p)
	return nil
}

// given is an instance's node as it is run in a pod.
func (m *maker) given(p *Place) *scenarios.Node {
	return surroundings.Applied(m.plan, p.Instance, surroundings.Place{Host: anyHost, Upstream: func(e topology.Edge) (string, int) {
		return e.ToNode, cmp.Or(e.Port, m.plan.Scenario.Node(e.ToNode).ServingPort())
	}}).Node
}

// anyHost is every address of a pod's.
const anyHost = "0.0.0.0"

func ptr[T any](v T) *T { return &v }

func sorted(all []string) []string {
	out := slices.Clone(all)
	slices.Sort(out)
	return out
}
