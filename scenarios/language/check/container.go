package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// container checks what goes together of what an image is given: nothing stands where something else hides it.
func (v *Checker) container(n *scenarios.Node) {
	at := scenarios.At("topology", n.Name)
	if n.WorkingDir != "" && !strings.HasPrefix(n.WorkingDir, "/") {
		v.Problem(at.Key("working_dir"), fmt.Sprintf("%s is no place in a container", source.QuoteShort(n.WorkingDir)), "begin it with /")
	}
	v.readiness(n, at)
	if n.Metrics != nil && n.Job != nil {
		v.Problem(at.Key("metrics"), fmt.Sprintf("%q is a job: it has ended before anything is measured", n.Name), "take metrics or job away")
	}
	v.httpsOf(n, at)
	v.callsOf(n, at)
	if n.Local != nil && len(n.LocalWords()) == 0 {
		v.Problem(at.Key("local"), fmt.Sprintf("local is to run what entrypoint and command say, and %q has neither", n.Name), "write local: [PROGRAM, ...]")
	}
	mounted := map[string]string{}
	for i, t := range n.Tmpfs {
		v.mounted(mounted, t.Target, "tmpfs", at.Key("tmpfs").Item(i))
	}
	for i, one := range n.Volumes {
		v.mounted(mounted, one.Target, "volumes", at.Key("volumes").Item(i))
	}
	for _, f := range n.Files {
		v.seen(n, f.Target, "the file "+f.Target, at.Key("files", f.Target))
	}
	v.certificate(n, at.Key("certificate"))
	for _, s := range n.Secrets {
		v.seen(n, s.Target(), "the secret "+s.Name, at.Key("secrets", s.Name))
	}
}

// httpsOf checks that TLS is said of what speaks it.
func (v *Checker) httpsOf(n *scenarios.Node, at scenarios.Path) {
	switch {
	case n.External == nil:
	case n.TLS != nil && !n.External.TLS:
		v.Problem(at.Key("tls"), fmt.Sprintf("%q is not said to speak TLS", n.Name), "write external: https://"+n.External.Address())
	case n.TLS.OfRun():
		v.Problem(at.Key("tls"), fmt.Sprintf("%q is external, and has nothing to do with the run's authority", n.Name), "give files of its own, as in tls: {ca: ./ca.pem}")
	case n.External.TLS && (n.Kind == scenarios.KindDatabase || n.Kind == scenarios.KindCache || n.Kind.TakesMessages()):
		v.Problem(at.Key("external"), fmt.Sprintf("https is HTTP's, and %q is a %s, which squall speaks to without TLS", n.Name, n.Kind), "write HOST:PORT of where it takes connections without TLS")
	}
}

// callsOf checks that what is external is said to call only what is external, too: nothing leads it to what squall launches.
func (v *Checker) callsOf(n *scenarios.Node, at scenarios.Path) {
	if n.External == nil {
		return
	}
	for i, text := range n.Calls {
		to, port := scenarios.CutPort(text)
		callee := v.node(to)
		switch {
		case callee == nil: // said elsewhere
		case callee.External == nil:
			v.Problem(at.Key("calls").Item(i), fmt.Sprintf("%q is external, and calls no %q, which squall launches", n.Name, to), "name an external node that is a Service of a cluster, or take it away")
		case port != "":
			v.Problem(at.Key("calls").Item(i), fmt.Sprintf("%q is external, and serves where its external says", to), "write "+to)
		}
	}
}

func (v *Checker) mounted(already map[string]string, target, key string, at scenarios.Path) {
	if by := already[target]; by != "" && target != "" {
		v.Problem(at, fmt.Sprintf("%s has something else at %s", by, source.Shorten(target)), "keep one of them")
	}
	already[target] = key
}

// seen checks that a file that is copied in can be found there: memory that is mounted over it hides it, and nothing
// can be copied into a volume that takes nothing.
func (v *Checker) seen(n *scenarios.Node, target, what string, at scenarios.Path) {
	for _, t := range n.Tmpfs {
		if below(target, t.Target) {
			v.Problem(at, fmt.Sprintf("%s would be hidden by the folder in memory at %s", source.Shorten(what), source.Shorten(t.Target)), "let tmpfs be a folder beside it")
		}
	}
	for _, one := range n.Volumes {
		if one.ReadOnly && one.From == "" && below(target, one.Target) {
			v.Problem(at, fmt.Sprintf("%s can't be put into a volume that is read only", source.Shorten(what)), "take ro away, or put it elsewhere")
		}
	}
}

// below tells that a path is in a folder, or is that.
func below(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

// volumes checks that those who share a volume say the same of it.
func (v *Checker) volumes() {
	first := map[string]scenarios.Volume{}
	for _, n := range v.Nodes {
		for i, one := range n.Volumes {
			if one.Name == "" {
				continue
			}
			other, is := first[one.Name]
			if is && other.Size != one.Size {
				v.Problem(scenarios.At("topology", n.Name, "volumes").Item(i), fmt.Sprintf("the volume %s has another size elsewhere", source.QuoteShort(one.Name)), "say the same size everywhere")
			}
			first[one.Name] = one
		}
	}
}

// readiness checks that a healthcheck says one thing to look at.
func (v *Checker) readiness(n *scenarios.Node, at scenarios.Path) {
	if h := n.Health; h != "" && h != "tcp" && h != scenarios.HealthNone && !strings.HasPrefix(h, "/") {
		v.Problem(at.Key("health"), fmt.Sprintf("%s is no path, nor tcp or none", source.QuoteShort(h)), "begin a path with /, as in health: /ready")
	}
	r := n.Readiness
	if r == nil {
		return
	}
	if n.Health != "" {
		v.Problem(at.Key("health"), "health and healthcheck both say how readiness is seen", "keep one of them")
	}
	at = at.Key("healthcheck")
	if n.External != nil && len(r.Test) > 0 {
		v.Problem(at.Key("test"), fmt.Sprintf("a test runs in a container, and %q is external", n.Name), "write http, tcp or grpc")
	}
	var said []string
	for key, is := range map[string]bool{"test": len(r.Test) > 0, "http": r.HTTP != "", "tcp": r.TCP != 0, "grpc": r.GRPC != 0} {
		if is {
			said = append(said, key)
		}
	}
	switch slices.Sort(said); {
	case len(said) == 0:
		v.Problem(at, "healthcheck does not say what is looked at", "add test, http, tcp or grpc")
	case len(said) > 1:
		v.Problem(at, "healthcheck has "+strings.Join(said, " and "), "keep one of them")
	case r.GRPC == 0 && r.Service != "":
		v.Problem(at.Key("service"), "service is for grpc", "take it away, or write grpc: PORT")
	case r.HTTP == "" && r.Port != 0:
		v.Problem(at.Key("port"), "port is for http", "take it away, or write tcp: PORT")
	case r.HTTP != "" && !strings.HasPrefix(r.HTTP, "/"):
		v.Problem(at.Key("http"), fmt.Sprintf("%s is no path", source.QuoteShort(r.HTTP)), "begin it with /; another port is port: PORT")
	}
}
