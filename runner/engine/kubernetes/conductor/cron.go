package conductor

import (
	"fmt"
	"regexp"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

// crons are names of what is run again and again: the number of a job, and the names of its run's pods, come after them.
var crons = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$`)

// Cron are the objects by which a cluster begins a run by the clock: what is handed over, and the CronJob. Each run's id is the name and the number of its job. One that goes on still is not begun again.
func Cron(name, schedule, timeZone string, o Order) ([]any, error) {
	if !crons.MatchString(name) {
		return nil, fmt.Errorf("--name %q: write up to 20 lower-case letters, digits and hyphens", name)
	}
	set, err := Make(name, o)
	if err != nil {
		return nil, err
	}
	three := 3
	meta := set.Job.Metadata
	template := kinds.JobTemplate{Metadata: kinds.ObjectMeta{Labels: meta.Labels, Annotations: meta.Annotations}, Spec: set.Job.Spec}
	meta.Name, meta.Annotations = objects.ConductorJob(name), nil
	cron := kinds.CronJob{TypeMeta: apiserver.CronJobs.Type(), Metadata: meta, Spec: kinds.CronJobSpec{
		Schedule: schedule, TimeZone: timeZone, ConcurrencyPolicy: "Forbid",
		SuccessfulJobsHistoryLimit: &three, FailedJobsHistoryLimit: &three, JobTemplate: template,
	}}
	out := []any{set.ConfigMap}
	if set.Secret != nil {
		out = append(out, *set.Secret)
	}
	return append(out, cron), nil
}
