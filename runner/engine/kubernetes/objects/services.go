package objects

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"github.com/squallhq/squall/faults/mesh/names"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// services are those by which an instance calls past ports of its own. Each leads back to the instance's own pod, ready or not: an instance
// calls before it is.
func (m *maker) services(p *Place) {
	for _, d := range p.Detours {
		s := kinds.Service{
			TypeMeta: kinds.TypeMeta{APIVersion: "v1", Kind: "Service"}, Metadata: m.meta(d.Service, viaLabels(p, d)),
			Spec: kinds.ServiceSpec{
				Selector: map[string]string{LabelRun: m.Run, LabelInstance: p.Name}, PublishNotReadyAddresses: true,
			},
		}
		for _, port := range slices.Sorted(maps.Keys(d.Ports)) {
			s.Spec.Ports = append(s.Spec.Ports, kinds.ServicePort{Name: "port-" + strconv.Itoa(port), Protocol: "TCP", Port: port, TargetPort: d.Ports[port]})
		}
		m.set.Services = append(m.set.Services, s)
	}
}

// LabelTo is whom a service leads to, in the end.
const LabelTo = "squall.to"

func viaLabels(p *Place, d *Detour) map[string]string {
	out := labels(p)
	out[LabelTo] = d.Node
	return out
}

// Address puts the addresses that the cluster gave to the services, by their names, where the images look for them: before the pods are made.
func (s *Set) Address(services map[string]string) error {
	for _, p := range s.Layout.Places {
		for _, d := range p.Detours {
			at := services[d.Service]
			if at == "" {
				return fmt.Errorf("service %s has no address", d.Service)
			}
			if err := s.alias(p, d, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// alias has an image find a node at an address.
func (s *Set) alias(p *Place, d *Detour, at string) error {
	address, err := netip.ParseAddr(at)
	if err != nil {
		return fmt.Errorf("service %s: %w", d.Service, err)
	}
	if p.Names == nil {
		p.Names = map[string]names.Entry{}
	}
	for _, name := range d.Names {
		p.Names[name] = names.Entry{Address: address, Old: nobody}
	}
	p.Aliases = append(p.Aliases, kinds.HostAlias{IP: at, Hostnames: d.Names})
	for n := range s.Pods {
		if s.Pods[n].Metadata.Name == p.Pod && !p.Resolves {
			s.Pods[n].Spec.HostAliases = p.Aliases
		}
	}
	return nil
}
