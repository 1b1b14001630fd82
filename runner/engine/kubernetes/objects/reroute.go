package objects

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios/topology"
)

// Requests of others to a Service of others have a pod of the run's between them, where the scenario says who calls whom of them. The pod is led to by the
// Service itself, and leads on by another one that selects what the first did. Besides its mesh it has a guard, which undoes that when the pod ends.

// PartReroute is what such a pod is for.
const PartReroute = "reroute"

const (
	// Rerouter is the account of such pods, which may give their Services back.
	Rerouter = "squall-reroute"
	// guardContainer is where the guard is.
	guardContainer = "guard"
	// GuardGrace is how long it may take, in seconds (package reroute's Grace).
	GuardGrace = 60
)

// GuardWords are what a guard runs, after the program.
func GuardWords(service, run string) []string {
	return []string{"kubernetes", "guard", "--service", service, "--run", run}
}

// Reroutes are the edges of a plan from external nodes, by their callees' nodes.
func Reroutes(plan *topology.Plan) map[string]topology.Edge {
	out := map[string]topology.Edge{}
	for _, e := range plan.Edges {
		if from, is := plan.Instance(e.From); is && !e.Client && from.Node.External != nil {
			out[e.ToNode] = e
		}
	}
	return out
}

// reroutable says why a plan's edges between external nodes can't be carried: every reason at once.
func (m *maker) reroutable() error {
	var errs []error
	callers := map[string]string{}
	for _, e := range m.plan.Edges {
		from, _ := m.plan.Instance(e.From)
		if e.Client || from.Node == nil || from.Node.External == nil {
			continue
		}
		to, _ := m.plan.Instance(e.To)
		if other := callers[e.ToNode]; other != "" {
			errs = append(errs, fmt.Errorf("node %q: calls: %s calls %q, too, and requests to one Service don't say whose they are; let one node stand for all that call it", e.FromNode, other, e.ToNode))
			continue
		}
		callers[e.ToNode] = e.FromNode
		name, namespace, is, err := ServiceOf(to.Node.External.Host)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("node %q: %w", e.ToNode, err))
		case !is:
			errs = append(errs, fmt.Errorf("node %q: calls: %q is external at %s, which is no Service of the cluster that could be rerouted; write external: NAME.NAMESPACE.svc:PORT there", e.FromNode, e.ToNode, to.Node.External.Host))
		case m.Namespace != "" && (namespace != m.Namespace || m.Own):
			errs = append(errs, fmt.Errorf("node %q: calls: Service %s is in namespace %s, and only a pod of the same can be in its place: run there, with --namespace %s", e.FromNode, name, namespace, namespace))
		}
	}
	return errors.Join(errs...)
}

// reroute places an edge between two that are external.
func (l *Layout) reroute(e topology.Edge, callee *Place, rerouted map[string]kinds.Service, pod func(string) string) {
	service, _, _, _ := ServiceOf(callee.Instance.Node.External.Host) // the plan was checked
	name := "reroute-" + e.ToNode
	p := &Place{Name: name, Pod: pod(name), Mesh: meshPort, Agent: agentPort, Reroutes: e.ToNode, Service: service, Serves: callee.Serves, Calls: []string{e.To}}
	p.Through = viaName(p.Pod, e.ToNode)
	if s, known := rerouted[e.ToNode]; known && len(s.Spec.Ports) > 0 {
		p.Serves, p.PortName = targetOf(s.Spec.Ports[0])
	}
	if p.Mesh == p.Serves {
		p.Mesh = agentPort
	}
	l.Reroutes = append(l.Reroutes, p)
	l.Carrier[e.Name], l.Listen[e.Name] = p.Name, ":"+strconv.Itoa(p.Serves)
}

// targetOf is the port of its pods that a Service's port leads to; where that is a name, any port of a pod may have it.
func targetOf(p kinds.ServicePort) (number int, name string) {
	switch target := p.TargetPort.(type) {
	case string:
		return edgePort, target
	case float64: // as JSON has numbers
		if target > 0 {
			return int(target), ""
		}
	case int:
		return target, ""
	}
	return p.Port, ""
}

// Selects are the labels by which a Service finds the pod of a reroute.
func (p *Place) Selects(run string) map[string]string {
	return map[string]string{LabelRun: run, LabelInstance: p.Name}
}

// rerouter makes the pod between others, and the Service by which it leads on.
func (m *maker) rerouter(p *Place) {
	s := m.spec(p)
	s.ServiceAccountName, s.AutomountServiceAccountToken, s.TerminationGracePeriodSeconds = Rerouter, ptr(true), ptr(int64(GuardGrace))
	s.Containers = []kinds.Container{{
		Name: guardContainer, Image: m.Image, Command: append([]string{binary}, GuardWords(p.Service, m.Run)...), SecurityContext: ours(), Resources: meshResources(),
		Ports: []kinds.ContainerPort{{Name: p.PortName, ContainerPort: p.Serves}}, TerminationMessagePolicy: "FallbackToLogsOnError",
	}}
	m.set.Pods = append(m.set.Pods, kinds.Pod{TypeMeta: kinds.TypeMeta{APIVersion: "v1", Kind: "Pod"}, Metadata: m.meta(p.Pod, labels(p)), Spec: s})

	through := kinds.Service{TypeMeta: kinds.TypeMeta{APIVersion: "v1", Kind: "Service"}, Metadata: m.meta(p.Through, labels(p))}
	if given, known := m.Rerouted[p.Reroutes]; known {
		through.Spec = kinds.ServiceSpec{Selector: given.Spec.Selector, Ports: slices.Clone(given.Spec.Ports), PublishNotReadyAddresses: given.Spec.PublishNotReadyAddresses}
		for n := range through.Spec.Ports {
			through.Spec.Ports[n].NodePort = 0
		}
	} else { // only shown
		through.Metadata.Annotations = map[string]string{"squall.selects": "what Service " + p.Service + " does when it runs"}
		through.Spec.Ports = []kinds.ServicePort{{Protocol: "TCP", Port: p.Serves}}
	}
	m.set.Services = append(m.set.Services, through)
	m.set.Policies = append(m.set.Policies, m.reroutePolicy(p))
}

// reroutePolicy lets anybody in where the Service leads, for whom it leads is not known, and the conductor; the guard speaks to the API server, and the mesh
// to what the Service led to: both are anywhere.
func (m *maker) reroutePolicy(p *Place) kinds.NetworkPolicy {
	policy := m.policyOf(p.Pod, labels(p))
	policy.Spec.Ingress = []kinds.NetworkPolicyRule{{From: []kinds.NetworkPeer{m.conductor()}, Ports: tcp(p.Mesh)}, {Ports: tcp(p.Serves)}}
	policy.Spec.Egress = []kinds.NetworkEgressRules{{}}
	return policy
}
