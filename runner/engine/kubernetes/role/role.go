// Package role says what squall may have to do in a cluster, as the least role that does: in one namespace, to objects that runs make, and
// nothing to nodes or to other namespaces, but for what somebody asks for by name.
package role

import (
	"context"
	"slices"
	"strings"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// Name is what the account, the role and its binding are called.
const Name = "squall"

// Rules are what runs need of a namespace.
func Rules() []kinds.Rule {
	manage := []string{"create", "get", "list", "watch", "patch", "delete"}
	return []kinds.Rule{
		// What runs are made of.
		{APIGroups: []string{""}, Resources: []string{"pods", "services", "configmaps"}, Verbs: manage},
		// Secrets are made and removed; who has this role reads those alone whose names it knows.
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"create", "get", "delete"}},
		{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, Verbs: manage},
		{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"networkpolicies"}, Verbs: manage},
		// What pods say, and how they are spoken to: some versions call the same connection get, some create.
		{APIGroups: []string{""}, Resources: []string{"pods/log"}, Verbs: []string{"get"}},
		{APIGroups: []string{""}, Resources: []string{"pods/portforward"}, Verbs: []string{"get", "create"}},
		// Other limits for a pod that runs.
		{APIGroups: []string{""}, Resources: []string{"pods/resize"}, Verbs: []string{"patch"}},
		// Why a pod does not come up, and where requests to a service go.
		{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"get", "list"}},
		{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: []string{"get", "list", "watch"}},
		// Everything of a run is owned by its Job, so that it goes with that. Some clusters want this to be allowed to who says so.
		{APIGroups: []string{"batch"}, Resources: []string{"jobs/finalizers"}, Verbs: []string{"update"}},
	}
}

// More is what somebody wants to do beyond runs in a namespace that is there; the zero value is nothing.
type More struct {
	// OwnNamespace: runs have namespaces of their own. A namespace that is not there yet can't be named in a role, so that this is the role of a
	// namespace in all of them.
	OwnNamespace bool
	// Targets are other namespaces with Services that scenarios call: those are looked at, and nothing else is.
	Targets []string
	// Reroutes are Services of the namespace that runs may lead to themselves while they last. The role lets squall do that as it is; what is more is the
	// account of the pods that give them back when nobody else does.
	Reroutes []string
}

// Rerouter is what the account of pods is called that give Services back, its role and its binding.
const Rerouter = "squall-reroute"

// giveBack is what it takes to give Services back.
func giveBack(services []string) []kinds.Rule {
	return []kinds.Rule{{APIGroups: []string{""}, Resources: []string{"services"}, ResourceNames: services, Verbs: []string{"get", "patch"}}}
}

// look is what it takes to find a Service.
func look() []kinds.Rule {
	return []kinds.Rule{{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"get"}}}
}

// targets are those that the role itself does not reach.
func (m More) targets(namespace string) (out []string) {
	for _, one := range m.Targets {
		if !m.OwnNamespace && one != namespace && !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out
}

// namespaces are what it takes to make a namespace and to remove it: pods can be made there once it has an account.
func namespaces() []kinds.Rule {
	return []kinds.Rule{
		{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"create", "get", "list", "watch", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"serviceaccounts"}, Verbs: []string{"list", "watch"}},
	}
}

// Objects are the account of squall in a namespace, its role, and that it has it.
func Objects(namespace string) []any { return More{}.Objects(namespace) }

// Objects are the account of squall in a namespace, what roles it needs, and that it has them.
func (m More) Objects(namespace string) []any {
	meta := kinds.ObjectMeta{Name: Name, Namespace: namespace}
	account := kinds.Subject{Kind: apiserver.ServiceAccounts.Kind, Name: Name, Namespace: namespace}
	out := []any{kinds.ServiceAccount{TypeMeta: apiserver.ServiceAccounts.Type(), Metadata: meta}}
	if m.OwnNamespace {
		everywhere := kinds.ObjectMeta{Name: Name}
		return append(out,
			kinds.Role{TypeMeta: apiserver.ClusterRoles.Type(), Metadata: everywhere, Rules: slices.Concat(namespaces(), Rules())},
			binding(apiserver.ClusterRoleBindings, everywhere, apiserver.ClusterRoles, account))
	}
	out = append(out, kinds.Role{TypeMeta: apiserver.Roles.Type(), Metadata: meta, Rules: Rules()}, binding(apiserver.RoleBindings, meta, apiserver.Roles, account))
	if len(m.Reroutes) > 0 {
		out = append(out, Guard(namespace, Rerouter, m.Reroutes)...)
	}
	for _, target := range m.targets(namespace) {
		there := kinds.ObjectMeta{Name: Name + "-target", Namespace: target}
		out = append(out, kinds.Role{TypeMeta: apiserver.Roles.Type(), Metadata: there, Rules: look()}, binding(apiserver.RoleBindings, there, apiserver.Roles, account))
	}
	return out
}

// Guard are the account of the pods that give Services of a namespace back, a role for that, and that it has it; name is what the role and its binding
// are called. Several names go beside each other.
func Guard(namespace, name string, services []string) []any {
	meta := kinds.ObjectMeta{Name: name, Namespace: namespace}
	account := kinds.Subject{Kind: apiserver.ServiceAccounts.Kind, Name: Rerouter, Namespace: namespace}
	return []any{
		kinds.ServiceAccount{TypeMeta: apiserver.ServiceAccounts.Type(), Metadata: kinds.ObjectMeta{Name: Rerouter, Namespace: namespace}},
		kinds.Role{TypeMeta: apiserver.Roles.Type(), Metadata: meta, Rules: giveBack(services)},
		binding(apiserver.RoleBindings, meta, apiserver.Roles, account),
	}
}

func binding(r apiserver.Resource, meta kinds.ObjectMeta, role apiserver.Resource, who kinds.Subject) kinds.RoleBinding {
	return kinds.RoleBinding{
		TypeMeta: r.Type(), Metadata: meta, RoleRef: kinds.RoleRef{APIGroup: role.Group, Kind: role.Kind, Name: meta.Name}, Subjects: []kinds.Subject{who},
	}
}

// Missing are the verbs of squall's role in the client's namespace that one does not have oneself, in words; none: squall can work.
func Missing(ctx context.Context, c *apiserver.Client) ([]string, error) {
	return More{}.Missing(ctx, c)
}

// Missing are the verbs that one does not have oneself, in words; none: squall can work.
func (m More) Missing(ctx context.Context, c *apiserver.Client) ([]string, error) {
	if m.OwnNamespace {
		return lacked(ctx, c.In(apiserver.AllNamespaces), slices.Concat(namespaces(), Rules()))
	}
	out, err := lacked(ctx, c, Rules())
	if err != nil {
		return nil, err
	}
	for _, target := range m.targets(c.Namespace) {
		there, err := lacked(ctx, c.In(target), look())
		if err != nil {
			return nil, err
		}
		for _, one := range there {
			out = append(out, one+" in namespace "+target)
		}
	}
	return out, nil
}

// lacked asks for every verb of rules, in the client's namespace.
func lacked(ctx context.Context, c *apiserver.Client, rules []kinds.Rule) (out []string, err error) {
	for _, rule := range rules {
		for _, name := range rule.Resources {
			resource, part, _ := strings.Cut(name, "/")
			for _, verb := range rule.Verbs {
				is, err := c.Can(ctx, kinds.ResourceAttributes{Group: rule.APIGroups[0], Resource: resource, Subresource: part, Verb: verb})
				if err != nil {
					return nil, err
				}
				if !is {
					out = append(out, verb+" "+name)
				}
			}
		}
	}
	return out, nil
}
