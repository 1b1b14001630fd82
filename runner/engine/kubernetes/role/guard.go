package role

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// Guarded is what there is of the account of pods that give Services back.
type Guarded struct {
	// Missing is what it lacks, in words.
	Missing []string
	// Untold is what could not be told about it, each with why: what others may do is not for everybody to ask.
	Untold []string
}

// Guarded asks what the account is lacking that gives the Services of m back: that it is there, and each verb for each of them.
func (m More) Guarded(ctx context.Context, c *apiserver.Client) (g Guarded, err error) {
	if len(m.Reroutes) == 0 {
		return g, nil
	}
	switch err := there(ctx, c); {
	case errors.Is(err, apiserver.ErrNotFound):
		g.Missing = append(g.Missing, "account "+Rerouter)
	case errors.Is(err, apiserver.ErrForbidden):
		g.Untold = append(g.Untold, fmt.Sprintf("whether account %s is there: you may not get serviceaccounts, and a pod of it is not let in: %v", Rerouter, err))
	case err != nil:
		return g, err
	}
	for _, rule := range giveBack(m.Reroutes) {
		for _, service := range rule.ResourceNames {
			for _, verb := range rule.Verbs {
				may, err := c.May(ctx, Rerouter, kinds.ResourceAttributes{Resource: rule.Resources[0], Name: service, Verb: verb})
				switch {
				case errors.Is(err, apiserver.ErrForbidden):
					g.Untold = append(g.Untold, fmt.Sprintf("whether account %s may %s services %s: you may not ask what others may (create localsubjectaccessreviews)",
						Rerouter, strings.Join(rule.Verbs, " and "), strings.Join(rule.ResourceNames, " and ")))
					return g, nil
				case err != nil:
					return g, err
				case !may:
					g.Missing = append(g.Missing, fmt.Sprintf("%s services %s for account %s", verb, service, Rerouter))
				}
			}
		}
	}
	return g, nil
}

// there asks whether the account is there: of who may not read accounts, whether a pod of it would be made, which is refused by name where there is none. Nothing
// is made.
func there(ctx context.Context, c *apiserver.Client) error {
	_, err := apiserver.Get[kinds.ServiceAccount](ctx, c, apiserver.ServiceAccounts, Rerouter)
	if !errors.Is(err, apiserver.ErrForbidden) {
		return err
	}
	yes, no, id := true, false, int64(65532)
	err = c.Try(ctx, apiserver.Pods, kinds.Pod{
		TypeMeta: apiserver.Pods.Type(), Metadata: kinds.ObjectMeta{Name: Rerouter + "-check", Namespace: c.Namespace},
		Spec: kinds.PodSpec{
			ServiceAccountName: Rerouter,
			SecurityContext:    &kinds.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &id, SeccompProfile: &kinds.SeccompProfile{Type: "RuntimeDefault"}},
			Containers: []kinds.Container{{Name: "check", Image: Name, SecurityContext: &kinds.SecurityContext{
				AllowPrivilegeEscalation: &no, Capabilities: &kinds.Capabilities{Drop: []string{"ALL"}},
			}}},
		},
	})
	if err != nil && strings.Contains(err.Error(), fmt.Sprintf("serviceaccount %q not found", Rerouter)) {
		return fmt.Errorf("%w: %v", apiserver.ErrNotFound, err)
	}
	return err
}
