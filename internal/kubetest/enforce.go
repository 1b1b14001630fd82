package kubetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// enforceEvery is how often is looked whether there are other pods or policies.
const enforceEvery = 100 * time.Millisecond

// Enforce has the cluster's network enforce the policies of a namespace until the test's end: by rules of iptables on every node, which see where a
// packet goes once Services were taken for pods. What the standard leaves open it takes as narrowly as any network does: a block of addresses means no pod and no
// machine of the cluster, and a pod's way back to itself by a Service is a way to a pod. What a policy says that is not understood here fails the test.
func (k *Kubernetes) Enforce(t testing.TB, c *apiserver.Client) {
	t.Helper()
	f := &fence{k: k, client: c, name: fmt.Sprintf("F%d-%s", os.Getpid(), strings.ToUpper(strings.TrimPrefix(c.Namespace, "test-")))}
	ctx, cancel := context.WithCancel(context.Background())
	if err := errors.Join(k.unfence(ctx), f.look(ctx)); err != nil {
		cancel()
		t.Fatal(err)
	}
	for _, node := range k.Nodes() {
		if _, err := k.own.InNetwork(ctx, node, "", "iptables", "-w", "-I", "FORWARD", "-j", f.chain("")); err != nil {
			cancel()
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	all.Go(func() {
		for ctx.Err() == nil {
			if err := f.look(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("enforce the policies of namespace %s: %v", c.Namespace, err)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(enforceEvery):
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		all.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), cleanup)
		defer cancel()
		for _, node := range k.Nodes() {
			if err := k.open(ctx, node, f.name); err != nil {
				t.Error(err)
			}
		}
	})
}

// fence are the rules about the pods of a namespace. Their chains' names begin with its own, which has the id of the process whose it is.
type fence struct {
	k      *Kubernetes
	client *apiserver.Client
	name   string
	rules  string
}

// chain is what a chain of rules is called.
func (f *fence) chain(what string) string { return f.name + what }

// look has every node follow the policies and the pods that there are.
func (f *fence) look(ctx context.Context) error {
	policies, err := apiserver.List[kinds.NetworkPolicy](ctx, f.client, apiserver.NetworkPolicies, apiserver.Query{})
	if err != nil {
		return err
	}
	pods, err := apiserver.List[kinds.Pod](ctx, f.client, apiserver.Pods, apiserver.Query{})
	if err != nil {
		return err
	}
	rules, err := f.compile(policies, pods)
	if err != nil || rules == f.rules {
		return err
	}
	for _, node := range f.k.Nodes() {
		if _, err := f.k.own.InNetwork(ctx, node, rules, "iptables-restore", "-w", "--noflush"); err != nil {
			return err
		}
	}
	f.rules = rules
	return nil
}

// compile makes rules of policies: a pod that policies of a direction are about lets through what a rule of theirs says, and drops the rest.
func (f *fence) compile(policies []kinds.NetworkPolicy, pods []kinds.Pod) (string, error) {
	fence, out, in, world := f.chain(""), f.chain("-OUT"), f.chain("-IN"), f.chain("-WORLD")
	own, machines := f.k.own.Ranges()
	lines := []string{"*filter", ":" + fence + " -", ":" + out + " -", ":" + in + " -", ":" + world + " -"}
	add := func(words ...string) {
		lines = append(lines, "-A "+strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	}
	add(fence, "-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN")
	add(fence, "-j", out)
	add(fence, "-j", in)
	add(world, "-d", own, "-j RETURN")
	add(world, "-d", machines, "-j RETURN")
	add(world, "-j ACCEPT")
	for _, p := range pods {
		if p.Status.PodIP == "" || p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" {
			continue
		}
		if err := f.about(p, policies, pods, add); err != nil {
			return "", err
		}
	}
	return strings.Join(append(lines, "COMMIT", ""), "\n"), nil
}

// about adds the rules about a pod.
func (f *fence) about(p kinds.Pod, policies []kinds.NetworkPolicy, pods []kinds.Pod, add func(words ...string)) error {
	at, kept, held := p.Status.PodIP, false, false
	for _, policy := range policies {
		if !chosenBy(policy.Spec.PodSelector, p) {
			continue
		}
		for _, direction := range policy.Spec.PolicyTypes {
			kept, held = kept || direction == "Egress", held || direction == "Ingress"
		}
		for _, rule := range policy.Spec.Egress {
			peers, err := f.peers(rule.To, "-d", pods)
			if err != nil {
				return fmt.Errorf("policy %s: %w", policy.Metadata.Name, err)
			}
			f.let(f.chain("-OUT"), "-s "+at, peers, rule.Ports, add)
		}
		for _, rule := range policy.Spec.Ingress {
			peers, err := f.peers(rule.From, "-s", pods)
			if err != nil {
				return fmt.Errorf("policy %s: %w", policy.Metadata.Name, err)
			}
			f.let(f.chain("-IN"), "-d "+at, peers, rule.Ports, add)
		}
	}
	if kept {
		add(f.chain("-OUT"), "-s", at, "-j DROP")
	}
	if held {
		add(f.chain("-IN"), "-d", at, "-j DROP")
	}
	return nil
}

// let adds what a rule lets through. Who goes to a block of addresses goes there unless it is the cluster's own.
func (f *fence) let(chain, of string, peers []fenced, ports []kinds.NetworkPolicyPort, add func(words ...string)) {
	for _, peer := range peers {
		target := "RETURN"
		if peer.block {
			target = f.chain("-WORLD")
		}
		for _, port := range portsOf(ports) {
			add(chain, of, peer.match, port, "-j", target)
		}
	}
}

// fenced is who a rule is about, and whether that is a block of addresses.
type fenced struct {
	match string
	block bool
}

// peers are those of a rule; none are all.
func (f *fence) peers(all []kinds.NetworkPeer, side string, pods []kinds.Pod) (out []fenced, err error) {
	if len(all) == 0 {
		return []fenced{{}}, nil
	}
	for _, one := range all {
		switch {
		case one.NamespaceSelector != nil || one.IPBlock != nil && (len(one.IPBlock.Except) > 0 || side == "-s"):
			return nil, fmt.Errorf("a peer %+v is not understood here", one)
		case one.IPBlock != nil:
			out = append(out, fenced{side + " " + one.IPBlock.CIDR, true})
		default:
			for _, p := range pods {
				if p.Status.PodIP != "" && chosenBy(*one.PodSelector, p) {
					out = append(out, fenced{side + " " + p.Status.PodIP, false})
				}
			}
		}
	}
	return out, nil
}

// portsOf are a rule's ports as matches; none are all.
func portsOf(all []kinds.NetworkPolicyPort) (out []string) {
	if len(all) == 0 {
		return []string{""}
	}
	for _, p := range all {
		out = append(out, fmt.Sprintf("-p %s --dport %d", strings.ToLower(p.Protocol), p.Port))
	}
	return out
}

// chosenBy tells whether a pod is chosen by its labels.
func chosenBy(s kinds.LabelSelector, p kinds.Pod) bool {
	for key, value := range s.MatchLabels {
		if p.Metadata.Labels[key] != value {
			return false
		}
	}
	return true
}

// fences finds the names of fences among all rules.
var fences = regexp.MustCompile(`(?m)^-N (F([0-9]+)-[A-Z0-9]+)$`)

// unfence takes away what processes have left that were killed: pods of others have their addresses by now.
func (k *Kubernetes) unfence(ctx context.Context) error {
	for _, node := range k.Nodes() {
		all, err := k.own.InNetwork(ctx, node, "", "iptables", "-w", "-S")
		if err != nil {
			return err
		}
		for _, found := range fences.FindAllStringSubmatch(all, -1) {
			pid, err := strconv.Atoi(found[2])
			if err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				continue
			}
			if err := k.open(ctx, node, found[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// open takes the rules of a fence away from a node.
func (k *Kubernetes) open(ctx context.Context, node, name string) error {
	all := [][]string{{"-D", "FORWARD", "-j", name}}
	for _, how := range []string{"-F", "-X"} {
		for _, what := range []string{"", "-OUT", "-IN", "-WORLD"} {
			all = append(all, []string{how, name + what})
		}
	}
	for _, words := range all {
		if _, err := k.own.InNetwork(ctx, node, "", append([]string{"iptables", "-w"}, words...)...); err != nil {
			return fmt.Errorf("take a fence away: %w", err)
		}
	}
	return nil
}
