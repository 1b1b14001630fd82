package kubernetes

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/runner/engine/kubernetes/manifest"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
)

// Commands are squall kubernetes, squall attach, and what keeps a run's folder in the cluster.
func Commands(h House) []*cobra.Command {
	return []*cobra.Command{command(h), attachCommand(h), keeperCommand(h.Environment)}
}

func command(h House) *cobra.Command {
	c := &cobra.Command{
		Use:   "kubernetes",
		Short: "What a Kubernetes cluster needs for squall to run there",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(roleCommand(h.Environment), cronCommand(h), guardCommand(h.Environment), imageCommand(h.Environment))
	return c
}

func roleCommand(environment func(error) error) *cobra.Command {
	var a Access
	var more role.More
	check := false
	c := &cobra.Command{
		Use:   "role",
		Short: "Print the least role that squall needs in a namespace, with an account that has it, as YAML",
		Long: `Prints a service account, a role and its binding, for kubectl apply. The role is of one namespace: nothing of nodes, of other
namespaces or of the cluster is in it, and no right to give rights. With --check it asks the cluster instead whether you have
what is in it, and says what you lack.

A conductor in the cluster (squall run --in-cluster, squall kubernetes cronjob) works as this account, and so does who begins one and
comes back to it: neither needs more.

With --own-namespace it is what runs need that have namespaces of their own (squall run --own-namespace): a role of the cluster, with the
same rights in all namespaces, since one that is not there yet can't be named, and to make and to remove namespaces. Where a
cluster is shared, a namespace that is given (--namespace) is the smaller right.

With --target it is a role in each of those namespaces besides, which looks Services up and nothing else.

With --allow-reroute it is an account besides for the pods that stand between Services and who calls them (squall run --allow-reroute): it may
read and change those Services, and nothing else, so that they are given back with no squall alive. --check asks for its rights, too, which
takes the right to ask about others (create localsubjectaccessreviews): without it, it says that this is not told.`,
		Example: `  squall kubernetes role --namespace load-tests | kubectl apply -f -
  squall kubernetes role --namespace load-tests --own-namespace | kubectl apply -f -
  squall kubernetes role --check
  squall kubernetes role --check --namespace shop --allow-reroute cart`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if more.OwnNamespace && len(more.Reroutes) > 0 {
				return errors.New("--own-namespace and --allow-reroute: a run that reroutes a Service is in the namespace of that; leave one of them out")
			}
			if check {
				if err := a.check(c, more); err != nil {
					return environment(err)
				}
				return nil
			}
			namespace := a.namespace
			if namespace == "" {
				namespace = "default"
			}
			return manifest.Write(c.OutOrStdout(), more.Objects(namespace)...)
		},
	}
	a.Register(c.Flags())
	c.Flags().BoolVar(&more.OwnNamespace, "own-namespace", false, "what runs need besides that have a namespace of their own: a role of the cluster")
	c.Flags().StringSliceVar(&more.Targets, "target", nil, "other namespaces with Services that scenarios call (external: NAME.NAMESPACE.svc:PORT): to look those up, and nothing else")
	c.Flags().StringSliceVar(&more.Reroutes, "allow-reroute", nil, "services of the namespace that runs may lead to themselves while they last (squall run --allow-reroute): the account of the pods that give them back")
	c.Flags().BoolVar(&check, "check", false, "ask the cluster whether you have what is in the role")
	return c
}

// check asks for each verb of the role.
func (a *Access) check(c *cobra.Command, more role.More) error {
	client, err := a.Client(patience)
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := client.Version(c.Context()); err != nil { // one that is not there is said at once
		return err
	}
	missing, err := more.Missing(c.Context(), client)
	if err != nil {
		return err
	}
	guard, err := more.Guarded(c.Context(), client)
	if err != nil {
		return err
	}
	where, words := fmt.Sprintf("in namespace %q", client.Namespace), ""
	if more.OwnNamespace {
		where, words = "in all namespaces", " --own-namespace"
	}
	for _, target := range more.Targets {
		words += " --target " + target
	}
	if len(more.Reroutes) > 0 {
		words += " --allow-reroute " + strings.Join(more.Reroutes, ",")
	}
	lines(c.OutOrStdout(), missing)
	lines(c.OutOrStdout(), guard.Missing)
	for _, what := range guard.Untold {
		fmt.Fprintln(c.OutOrStdout(), "not told: "+what)
	}
	if len(missing)+len(guard.Missing) > 0 {
		return fmt.Errorf("what stands above is lacking %s of the cluster at %s: `squall kubernetes role --namespace %s%s` prints a role that has it",
			where, client.Server, client.Namespace, words)
	}
	fmt.Fprintf(c.OutOrStdout(), "you may do all that squall needs %s of the cluster at %s\n", where, client.Server)
	return nil
}

func lines(to io.Writer, all []string) {
	for _, line := range all {
		fmt.Fprintln(to, line)
	}
}
