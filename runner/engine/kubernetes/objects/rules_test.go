package objects

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios/topology"
)

// every are all plans of the examples, and of the tests here, that can be pods, with their options.
func every(t *testing.T, check func(t *testing.T, p *topology.Plan, set *Set)) {
	t.Helper()
	var files []string
	for _, pattern := range []string{examples + "/*.yaml", examples + "/patterns/*.yaml", "testdata/shop.yaml", "testdata/names.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	done := 0
	for _, file := range files {
		p := plan(t, file)
		set, err := Make(p, options(file))
		if err != nil {
			t.Logf("%s is refused: %v", file, err)
			continue
		}
		done++
		t.Run(filepath.Base(file), func(t *testing.T) { check(t, p, set) })
	}
	if done < 40 {
		t.Errorf("only %d plans were looked at", done)
	}
}

// templates are the specifications of all pods of a set.
func templates(set *Set) (out []kinds.PodSpec) {
	for _, p := range set.Pods {
		out = append(out, p.Spec)
	}
	if set.Generators != nil {
		out = append(out, set.Generators.Spec.Template.Spec)
	}
	return out
}

// restrictedProblems are what Pod Security's restricted profile has against a pod: its rules as the standard says them.
func restrictedProblems(s kinds.PodSpec) error {
	var errs []error
	no := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	sc := s.SecurityContext
	no(sc == nil || sc.RunAsNonRoot == nil || !*sc.RunAsNonRoot, "it may run as root")
	no(sc == nil || sc.SeccompProfile == nil || sc.SeccompProfile.Type != "RuntimeDefault", "it has no seccomp profile")
	no(sc != nil && sc.RunAsUser != nil && *sc.RunAsUser == 0, "it runs as root")
	safe := []string{"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "kernel.shm_rmid_forced"}
	if sc != nil {
		for _, one := range sc.Sysctls {
			no(!slices.Contains(safe, one.Name), "it sets %s", one.Name)
		}
	}
	for _, v := range s.Volumes {
		no(v.EmptyDir == nil && v.ConfigMap == nil && v.Secret == nil && v.Projected == nil && v.PersistentVolumeClaim == nil, "volume %s is of no kind that is let", v.Name)
	}
	for _, c := range append(slices.Clone(s.InitContainers), s.Containers...) {
		own := c.SecurityContext
		no(own == nil || own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation, "container %s may get privileges", c.Name)
		no(own == nil || own.Capabilities == nil || !slices.Contains(own.Capabilities.Drop, "ALL") || len(own.Capabilities.Add) > 0, "container %s has capabilities", c.Name)
		no(own != nil && (own.RunAsUser != nil && *own.RunAsUser == 0 || own.RunAsNonRoot != nil && !*own.RunAsNonRoot), "container %s runs as root", c.Name)
	}
	return errors.Join(errs...)
}

func TestPodsAreRestricted(t *testing.T) {
	t.Parallel()
	every(t, func(t *testing.T, _ *topology.Plan, set *Set) {
		for _, s := range templates(set) {
			if err := restrictedProblems(s); err != nil {
				t.Errorf("%s: %v", s.Hostname, err)
			}
			if s.AutomountServiceAccountToken == nil || *s.AutomountServiceAccountToken || s.ServiceAccountName != "" {
				t.Errorf("%s can speak to the API server", s.Hostname)
			}
		}
	})
	// The rules see what is not so.
	bad := kinds.PodSpec{Volumes: []kinds.Volume{{Name: "v"}}, Containers: []kinds.Container{{Name: "c", SecurityContext: &kinds.SecurityContext{Capabilities: &kinds.Capabilities{Add: []string{"NET_ADMIN"}}}}}}
	if err := restrictedProblems(bad); err == nil || len(strings.Split(err.Error(), "\n")) != 5 {
		t.Errorf("of a bad pod: %v", err)
	}
}

// named is what a name has to be in a cluster.
var named = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

// Every object says whose it is, and what it is called by others is there.
func TestObjectsAreOwnedAndComplete(t *testing.T) {
	t.Parallel()
	every(t, func(t *testing.T, _ *topology.Plan, set *Set) {
		there := map[string]bool{}
		for _, one := range set.All() {
			data, err := json.Marshal(one)
			if err != nil {
				t.Fatal(err)
			}
			var o kinds.Object
			if err := json.Unmarshal(data, &o); err != nil {
				t.Fatal(err)
			}
			key := o.Kind + " " + o.Metadata.Name
			if there[key] || !named.MatchString(o.Metadata.Name) || o.APIVersion == "" {
				t.Errorf("%s: there twice, or not to be called so", key)
			}
			there[key] = true
			if o.Metadata.Labels[LabelRun] != "r" || o.Metadata.Namespace != "team" || len(o.Metadata.OwnerReferences) != 1 || o.Metadata.OwnerReferences[0] != owner {
				t.Errorf("%s does not say whose it is: %+v", key, o.Metadata)
			}
		}
		for _, s := range templates(set) {
			volumes := map[string]bool{}
			for _, v := range s.Volumes {
				if volumes[v.Name] {
					t.Errorf("%s has two volumes %s", s.Hostname, v.Name)
				}
				volumes[v.Name] = true
				if v.ConfigMap != nil && !there["ConfigMap "+v.ConfigMap.Name] || v.Secret != nil && !there["Secret "+v.Secret.SecretName] {
					t.Errorf("volume %s of %s is of nothing that is there", v.Name, s.Hostname)
				}
			}
			for _, c := range append(slices.Clone(s.InitContainers), s.Containers...) {
				at := map[string]bool{}
				for _, m := range c.VolumeMounts {
					if !volumes[m.Name] || at[m.MountPath] {
						t.Errorf("%s of %s has %s at %s, which is no volume or there twice", c.Name, s.Hostname, m.Name, m.MountPath)
					}
					at[m.MountPath] = true
				}
			}
		}
		checkKeys(t, set)
	})
}

// checkKeys: every key of a config map or a secret that a pod names is there.
func checkKeys(t *testing.T, set *Set) {
	t.Helper()
	keys := map[string]bool{}
	for _, m := range set.ConfigMaps {
		for key := range m.Data {
			keys[m.Metadata.Name+"/"+key] = true
		}
		for key := range m.BinaryData {
			keys[m.Metadata.Name+"/"+key] = true
		}
	}
	for _, m := range set.Secrets {
		for key := range m.Data {
			keys[m.Metadata.Name+"/"+key] = true
		}
	}
	for _, s := range templates(set) {
		for _, v := range s.Volumes {
			name, items := "", []kinds.KeyToPath(nil)
			if v.ConfigMap != nil {
				name, items = v.ConfigMap.Name, v.ConfigMap.Items
			}
			if v.Secret != nil {
				name, items = v.Secret.SecretName, v.Secret.Items
			}
			for _, i := range items {
				if !keys[name+"/"+i.Key] {
					t.Errorf("%s wants %s of %s, which has none such", s.Hostname, i.Key, name)
				}
			}
		}
	}
}

// Every edge is carried by one pod, at an address that nothing else in the pod has: a port of all addresses excludes those of one.
func TestEdgesHaveAddressesOfTheirOwn(t *testing.T) {
	t.Parallel()
	every(t, func(t *testing.T, p *topology.Plan, set *Set) {
		l := set.Layout
		taken := map[string]map[string]string{}
		take := func(pod, at, what string) {
			if taken[pod] == nil {
				taken[pod] = map[string]string{}
			}
			host, number := at[:strings.LastIndexByte(at, ':')], at[strings.LastIndexByte(at, ':'):]
			for other, who := range taken[pod] {
				otherHost, otherNumber := other[:strings.LastIndexByte(other, ':')], other[strings.LastIndexByte(other, ':'):]
				if number == otherNumber && (host == otherHost || host == "" || otherHost == "") {
					t.Errorf("in %s %s and %s both listen at %s", pod, what, who, at)
				}
			}
			taken[pod][at] = what
		}
		for _, one := range l.All() {
			take(one.Pod, fmt.Sprint(":", one.Mesh), "the mesh")
			if one.Instance.Node == nil {
				continue
			}
			take(one.Pod, fmt.Sprint("127.0.0.1:", one.Agent), "the agent")
			for _, port := range one.served() {
				take(one.Pod, fmt.Sprint(":", port), "the instance")
			}
			if !one.Image() {
				take(one.Pod, fmt.Sprint("127.0.0.1:", one.Admin), "its administration")
			}
			for _, g := range one.Groups {
				take(one.Pod, g.Listen, "a group")
			}
		}
		grouped := map[string]int{}
		for _, one := range l.Places {
			for _, g := range one.Groups {
				for _, edge := range g.Edges {
					grouped[edge]++
				}
			}
		}
		for _, e := range p.Edges {
			carrier := l.Place(l.Carrier[e.Name])
			if carrier == nil {
				t.Errorf("nobody carries %s", e.Name)
				continue
			}
			if !e.Client && carrier.Name != e.From {
				t.Errorf("%s is carried by %s, and would go with it", e.Name, carrier.Name)
			}
			if listen := l.Listen[e.Name]; listen != "" {
				take(carrier.Pod, listen, e.Name)
			} else if grouped[e.Name] != 1 {
				t.Errorf("%s is in %d groups", e.Name, grouped[e.Name])
			}
		}
	})
}

// An image that serves on a port calls others on the same by a service that leads back to its pod, whose address it is told once the cluster
// has given it.
func TestDetours(t *testing.T) {
	t.Parallel()
	set, err := Make(plan(t, "testdata/shop.yaml"), options("testdata/shop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Services) != 2 {
		t.Fatalf("%d services, want one for each replica of web", len(set.Services))
	}
	if err := set.Address(map[string]string{}); err == nil {
		t.Error("services without addresses are no error")
	}
	set, err = Make(plan(t, "testdata/shop.yaml"), options("testdata/shop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Address(map[string]string{set.Services[0].Metadata.Name: "10.96.0.7", set.Services[1].Metadata.Name: "10.96.0.8"}); err != nil {
		t.Fatal(err)
	}
	for _, s := range set.Services {
		if len(s.Metadata.Name) > 63 || s.Metadata.Labels[LabelTo] != "api" || s.Spec.Ports[0].Port != 8080 || s.Spec.Ports[0].TargetPort == 8080 {
			t.Errorf("a service %+v", s)
		}
	}
	for _, pod := range set.Pods {
		want := map[string]string{"web-1": "10.96.0.7", "web-2": "10.96.0.8"}[pod.Spec.Hostname]
		if want == "" {
			continue
		}
		names := map[string]string{}
		for _, a := range pod.Spec.HostAliases {
			for _, name := range a.Hostnames {
				names[name] = a.IP
			}
		}
		if names["api"] != want || names["db"] != "127.0.0.2" || names["partner"] != "127.0.0.3" {
			t.Errorf("%s finds %v, want api at %s and the others on its own", pod.Spec.Hostname, names, want)
		}
	}
}
