package apiserver

import (
	"fmt"
	"net/url"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// Resource is a kind of objects as an API server knows it.
type Resource struct {
	// Group is empty for those that were there first.
	Group, Version string
	// Plural is what it is called in paths.
	Plural, Kind string
	// Everywhere tells that its objects belong to no namespace.
	Everywhere bool
}

// Those that squall knows.
var (
	Pods            = Resource{Version: "v1", Plural: "pods", Kind: "Pod"}
	Services        = Resource{Version: "v1", Plural: "services", Kind: "Service"}
	ConfigMaps      = Resource{Version: "v1", Plural: "configmaps", Kind: "ConfigMap"}
	Secrets         = Resource{Version: "v1", Plural: "secrets", Kind: "Secret"}
	Events          = Resource{Version: "v1", Plural: "events", Kind: "Event"}
	ServiceAccounts = Resource{Version: "v1", Plural: "serviceaccounts", Kind: "ServiceAccount"}
	Namespaces      = Resource{Version: "v1", Plural: "namespaces", Kind: "Namespace", Everywhere: true}
	Nodes           = Resource{Version: "v1", Plural: "nodes", Kind: "Node", Everywhere: true}
	Jobs            = Resource{Group: "batch", Version: "v1", Plural: "jobs", Kind: "Job"}
	CronJobs        = Resource{Group: "batch", Version: "v1", Plural: "cronjobs", Kind: "CronJob"}
	Leases          = Resource{Group: "coordination.k8s.io", Version: "v1", Plural: "leases", Kind: "Lease"}
	EndpointSlices  = Resource{Group: "discovery.k8s.io", Version: "v1", Plural: "endpointslices", Kind: "EndpointSlice"}
	NetworkPolicies = Resource{Group: "networking.k8s.io", Version: "v1", Plural: "networkpolicies", Kind: "NetworkPolicy"}
	Roles           = Resource{Group: "rbac.authorization.k8s.io", Version: "v1", Plural: "roles", Kind: "Role"}
	RoleBindings    = Resource{Group: "rbac.authorization.k8s.io", Version: "v1", Plural: "rolebindings", Kind: "RoleBinding"}
	ClusterRoles    = Resource{Group: "rbac.authorization.k8s.io", Version: "v1", Plural: "clusterroles", Kind: "ClusterRole", Everywhere: true}
	// ClusterRoleBindings give a ClusterRole in all namespaces.
	ClusterRoleBindings = Resource{Group: "rbac.authorization.k8s.io", Version: "v1", Plural: "clusterrolebindings", Kind: "ClusterRoleBinding", Everywhere: true}
	othersReviews       = Resource{Group: "authorization.k8s.io", Version: "v1", Plural: "localsubjectaccessreviews", Kind: "LocalSubjectAccessReview"}
	accessReviews       = Resource{Group: "authorization.k8s.io", Version: "v1", Plural: "selfsubjectaccessreviews", Kind: "SelfSubjectAccessReview", Everywhere: true}
)

// Type is what an object says that it is.
func (r Resource) Type() kinds.TypeMeta {
	if r.Group == "" {
		return kinds.TypeMeta{APIVersion: r.Version, Kind: r.Kind}
	}
	return kinds.TypeMeta{APIVersion: r.Group + "/" + r.Version, Kind: r.Kind}
}

// path is that of all objects in a namespace, of one where name is one, or of a part of one.
func (r Resource) path(namespace, name, part string) string {
	out := "/api/" + r.Version
	if r.Group != "" {
		out = "/apis/" + r.Group + "/" + r.Version
	}
	if !r.Everywhere && namespace != "" {
		out += "/namespaces/" + url.PathEscape(namespace)
	}
	out += "/" + r.Plural
	if name != "" {
		out += "/" + url.PathEscape(name)
	}
	if part != "" {
		out += "/" + part
	}
	return out
}

// told is what errors call one of its objects; several, where name is empty.
func (r Resource) told(namespace, name string) string {
	out := r.Plural
	if name != "" {
		out = fmt.Sprintf("%s %q", r.Kind, name)
	}
	if r.Everywhere {
		return out
	}
	if namespace == "" {
		return out + " of all namespaces"
	}
	return fmt.Sprintf("%s in namespace %q", out, namespace)
}

// AllNamespaces is what In takes for those questions that are about objects wherever they are.
const AllNamespaces = ""
