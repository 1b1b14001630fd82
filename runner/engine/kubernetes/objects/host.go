package objects

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/squallhq/squall/scenarios/topology"
)

// The endings of Services' hosts, as Kubernetes' own DNS has them.
const (
	serviceHost  = ".svc"
	clusterLocal = ".cluster.local"
)

// ServiceOf reads the host of a Service, NAME.NAMESPACE.svc or the same with .cluster.local; is is false where a host is no such one. What else
// ends so is an error: no host of the world does.
func ServiceOf(host string) (name, namespace string, is bool, err error) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	rest, is := strings.CutSuffix(strings.TrimSuffix(host, clusterLocal), serviceHost)
	if !is {
		return "", "", false, nil
	}
	labels := strings.Split(rest, ".")
	if len(labels) != 2 || labels[0] == "" || labels[1] == "" {
		return "", "", true, fmt.Errorf("%s is no Service's host; write NAME.NAMESPACE%s, as in cart.shop%s", host, serviceHost, serviceHost)
	}
	return labels[0], labels[1], true, nil
}

// otherNames are the hosts of an external node by which an image may know it, where they are names: of a Service, all that its pods could use.
func otherNames(i topology.Instance) (out []string) {
	e := i.Node.External
	if e == nil {
		return nil
	}
	if _, err := netip.ParseAddr(e.Host); err == nil {
		return nil
	}
	all := []string{e.Host}
	if name, namespace, is, err := ServiceOf(e.Host); is && err == nil {
		in := name + "." + namespace
		all = append(all, in+serviceHost, in+serviceHost+clusterLocal, in)
	}
	for _, one := range all {
		if one != i.Node.Name {
			out = with(out, one)
		}
	}
	return out
}
