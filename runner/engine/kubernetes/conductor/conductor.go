// Package conductor has a run's conductor work in the cluster itself: squall as a Job, with the scenario and its files handed over, so that
// whoever began it may leave and come back. Its pod has two containers on one folder: the conductor, which ends with the run and with its exit code,
// and the keeper, which hands out the run's folder for a while after that.
//
//	Job --owns--> config map and secret with what was handed over
//	 |  pod: conductor (squall run ...) --writes--> /results/RUN <--hands out-- keeper
//	 |  the conductor has ended, and nobody has fetched for as long as results are kept: the keeper ends, and so the Job
//	 |  as long again (ttlSecondsAfterFinished): it is removed with all that it owns
//
// What the run itself makes is owned as of any run (package claim): a conductor that is gone takes that with it.
package conductor

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
)

// Order is a run that a conductor in the cluster is to make.
type Order struct {
	// Namespace is where it is, Image squall's own, PullSecrets those by which that is pulled.
	Namespace, Image string
	PullSecrets      []string
	// Account is that of the pod: it has squall's role. "": role.Name.
	Account string
	// Title is what is run, for people; Folder is what the run's folder is called, but for the run's id at its end.
	Title, Folder string
	// Words are what it runs, after `squall run`. Handed is what they are about.
	Words  []string
	Handed Handed
	// Keep is how long results are handed out after the run's end, and how long its log stays after that.
	Keep time.Duration
	// Claim is a PersistentVolumeClaim of the namespace whose volume has the run's folder, and keeps it; "": it goes with the pod.
	Claim string
	// Lasts is how long the run lasts as it is planned.
	Lasts time.Duration
}

const (
	// container is the conductor's, keeperContainer what hands out its folder.
	container       = "conductor"
	keeperContainer = "keeper"

	binary        = "/squall"
	scenarioMount = "/scenario"
	// handedFolder is below the mount: the mount's own entries are links, which are no files to who looks for such.
	handedFolder = "files"
	// ResultsFolder is where runs' folders are in a conductor's pod, each under its run's id.
	ResultsFolder = "/results"

	// The variables by which the containers know whose they are.
	jobVariable = "SQUALL_JOB"
	podVariable = "SQUALL_POD"

	// Port is where the keeper answers, on its pod's loopback address alone: who asks comes by way of the API server.
	Port = 15079

	user = 65532
	// grace is how long a conductor that is told to go may take to undo everything.
	grace = 150
	// launching bounds what comes before and after a plan's phases; a run may take twice as long as it is planned, and somebody may hold its phases for as
	// long as holding in all.
	launching = 30 * time.Minute
	holding   = 4 * time.Hour
)

// The annotations of a conductor's job.
const (
	annotationTitle  = "squall.title"
	annotationFolder = "squall.folder"
)

// DefaultKeep is how long results are kept where nothing is said.
const DefaultKeep = time.Hour

// label chooses the jobs of conductors. They have no label of a run: what has one and no claim is taken for a rest.
var label = map[string]string{objects.LabelPart: objects.PartConductor}

// Set are the objects of a conductor.
type Set struct {
	Job       kinds.Job
	ConfigMap kinds.ConfigMap
	// Secret is nil where nothing is secret.
	Secret *kinds.Secret
}

// Make makes a run's conductor. Its error says what can't be handed over.
func Make(run string, o Order) (*Set, error) {
	name := objects.ConductorJob(run)
	if err := o.Handed.Check(); err != nil {
		return nil, err
	}
	job := o.job()
	out := &Set{
		Job:       kinds.Job{TypeMeta: apiserver.Jobs.Type(), Metadata: job.Metadata, Spec: job.Spec},
		ConfigMap: kinds.ConfigMap{TypeMeta: apiserver.ConfigMaps.Type(), Metadata: kinds.ObjectMeta{Name: name, Namespace: o.Namespace, Labels: label}},
	}
	out.Job.Metadata.Name, out.Job.Metadata.Namespace = name, o.Namespace
	o.Handed.give(&out.Job.Spec.Template.Spec, name)
	out.ConfigMap.Data, out.ConfigMap.BinaryData = o.Handed.plain()
	if data := o.Handed.secret(); len(data) > 0 {
		out.Secret = &kinds.Secret{TypeMeta: apiserver.Secrets.Type(), Metadata: out.ConfigMap.Metadata, Data: data}
	}
	return out, nil
}

// own says that a job owns what was handed over.
func (s *Set) own(job kinds.Job) {
	t := apiserver.Jobs.Type()
	owner := []kinds.OwnerReference{{APIVersion: t.APIVersion, Kind: t.Kind, Name: job.Metadata.Name, UID: job.Metadata.UID, BlockOwnerDeletion: true}}
	s.ConfigMap.Metadata.OwnerReferences = owner
	if s.Secret != nil {
		s.Secret.Metadata.OwnerReferences = owner
	}
}

// job is what its jobs are made after, but for what was handed over.
func (o Order) job() kinds.JobTemplate {
	once, none := 1, 0
	deadline, ttl := seconds(2*o.Lasts+launching+holding+o.Keep), seconds(o.Keep)
	return kinds.JobTemplate{
		Metadata: kinds.ObjectMeta{Labels: label, Annotations: map[string]string{annotationTitle: o.Title, annotationFolder: o.Folder}},
		Spec: kinds.JobSpec{
			Parallelism: &once, Completions: &once, BackoffLimit: &none, // a run that has failed is not made again
			ActiveDeadlineSeconds: &deadline, TTLSecondsAfterFinished: &ttl,
			Template: kinds.PodTemplate{
				Metadata: kinds.ObjectMeta{Labels: label, Annotations: map[string]string{"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}},
				Spec:     o.pod(),
			},
		},
	}
}

func (o Order) pod() kinds.PodSpec {
	yes, no, id, last := true, false, int64(user), int64(grace)
	results := kinds.Volume{Name: "results", EmptyDir: &kinds.EmptyDir{}}
	if o.Claim != "" {
		results = kinds.Volume{Name: "results", PersistentVolumeClaim: &kinds.ClaimSource{ClaimName: o.Claim}}
	}
	s := kinds.PodSpec{
		RestartPolicy: "Never", TerminationGracePeriodSeconds: &last, ServiceAccountName: o.account(), EnableServiceLinks: &no,
		SecurityContext: &kinds.PodSecurityContext{
			RunAsNonRoot: &yes, RunAsUser: &id, RunAsGroup: &id, FSGroup: &id, SeccompProfile: &kinds.SeccompProfile{Type: "RuntimeDefault"},
		},
		Volumes:    []kinds.Volume{results, {Name: "tmp", EmptyDir: &kinds.EmptyDir{SizeLimit: "256Mi"}}},
		Containers: []kinds.Container{o.conductor(), o.keeper()},
	}
	for _, name := range o.PullSecrets {
		s.ImagePullSecrets = append(s.ImagePullSecrets, kinds.LocalReference{Name: name})
	}
	return s
}

func (o Order) account() string {
	if o.Account == "" {
		return role.Name
	}
	return o.Account
}

func (o Order) conductor() kinds.Container {
	words := []string{binary, "run", literal(o.Handed.Scenario), "--engine", "kubernetes", "--namespace", o.Namespace, "--image", literal(o.Image), "--conductor", "$(" + jobVariable + ")"}
	for _, w := range o.Words {
		words = append(words, literal(w))
	}
	return kinds.Container{
		Name: container, Image: o.Image, Command: words, WorkingDir: scenarioMount + "/" + handedFolder, SecurityContext: restricted(),
		Env:       []kinds.EnvVar{whose(jobVariable, "metadata.labels['"+objects.JobLabel+"']")},
		Resources: kinds.Resources{Requests: map[string]string{"cpu": "250m", "memory": "256Mi"}, Limits: map[string]string{"memory": "2Gi"}},
		VolumeMounts: []kinds.VolumeMount{
			{Name: "scenario", MountPath: scenarioMount, ReadOnly: true}, {Name: "results", MountPath: ResultsFolder}, {Name: "tmp", MountPath: "/tmp"},
		},
	}
}

func (o Order) keeper() kinds.Container {
	return kinds.Container{
		Name: keeperContainer, Image: o.Image, SecurityContext: restricted(),
		Command:   []string{binary, "keeper", "--pod", "$(" + podVariable + ")", "--job", "$(" + jobVariable + ")", "--for", o.Keep.String()},
		Env:       []kinds.EnvVar{whose(jobVariable, "metadata.labels['"+objects.JobLabel+"']"), whose(podVariable, "metadata.name")},
		Resources: kinds.Resources{Requests: map[string]string{"cpu": "10m", "memory": "32Mi"}, Limits: map[string]string{"memory": "256Mi"}},
		VolumeMounts: []kinds.VolumeMount{
			{Name: "results", MountPath: ResultsFolder, ReadOnly: true},
		},
	}
}

// restricted is what Pod Security's restricted profile wants of a container, which writes nowhere but in its volumes.
func restricted() *kinds.SecurityContext {
	yes, no := true, false
	return &kinds.SecurityContext{AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &kinds.Capabilities{Drop: []string{"ALL"}}}
}

// whose is a variable that has a field of the pod.
func whose(name, field string) kinds.EnvVar {
	return kinds.EnvVar{Name: name, ValueFrom: &kinds.EnvSource{FieldRef: &kinds.FieldSelector{FieldPath: field}}}
}

// literal is a word in which a cluster puts no variables in: it takes $(NAME) for one.
func literal(word string) string { return strings.ReplaceAll(word, "$(", "$$(") }

func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// RunOf is the id of the run that a job's conductor makes.
func RunOf(job string) (run string, is bool) { return strings.CutPrefix(job, objects.ConductorPrefix) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
