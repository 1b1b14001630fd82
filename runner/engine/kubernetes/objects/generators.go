package objects

import (
	"slices"
	"strconv"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// GeneratorPort is where a generator is told what to send.
const GeneratorPort = 15072

// GeneratorWords are what a generator runs, after the program: it answers at all addresses of its pod, of both families.
var GeneratorWords = []string{"generator", "--listen", "0.0.0.0:" + strconv.Itoa(GeneratorPort), "--resumable"}

// GeneratorToken is the variable of a generator's environment that has what its conductor has to show.
const GeneratorToken = "SQUALL_GENERATOR_TOKEN"

// generators is the job that sends the loads: each of its pods knows by its index which part is its own. One that fails is not begun anew: what
// it had to send meanwhile was not sent. The others go on: a limit of the whole job would have the cluster end them.
func (m *maker) generators() {
	name, n := m.name(PartGenerator), m.Generators
	own := map[string]string{LabelPart: PartGenerator}
	key := m.addToken(PartGenerator, PartGenerator)
	spec := kinds.PodSpec{
		RestartPolicy: "Never", TerminationGracePeriodSeconds: ptr(int64(grace)),
		AutomountServiceAccountToken: ptr(false), EnableServiceLinks: ptr(false),
		SecurityContext: &kinds.PodSecurityContext{
			RunAsNonRoot: ptr(true), RunAsUser: ptr(int64(user)), RunAsGroup: ptr(int64(user)), FSGroup: ptr(int64(user)),
			SeccompProfile: &kinds.SeccompProfile{Type: "RuntimeDefault"},
		},
		Volumes: []kinds.Volume{
			{Name: temporaryVolume, EmptyDir: &kinds.EmptyDir{SizeLimit: temporaryData}},
		},
		Containers: []kinds.Container{{
			Name: PartGenerator, Image: m.Image, Command: slices.Concat([]string{binary}, m.Generator), SecurityContext: ours(),
			Resources:    kinds.Resources{Requests: map[string]string{"cpu": "500m", "memory": "256Mi"}, Limits: map[string]string{"memory": "2Gi"}},
			Ports:        []kinds.ContainerPort{{Name: PartGenerator, ContainerPort: GeneratorPort}},
			Env:          []kinds.EnvVar{{Name: GeneratorToken, ValueFrom: &kinds.EnvSource{SecretKeyRef: &kinds.KeySelector{Name: m.name(tokensVolume), Key: key}}}},
			VolumeMounts: []kinds.VolumeMount{{Name: temporaryVolume, MountPath: "/tmp"}},
		}},
		// As far from each other as there are machines: two on one would share it.
		TopologySpreadConstraints: []kinds.TopologySpread{{
			MaxSkew: 1, TopologyKey: hostLabel, WhenUnsatisfiable: "ScheduleAnyway",
			LabelSelector: &kinds.LabelSelector{MatchLabels: map[string]string{LabelRun: m.Run, LabelPart: PartGenerator}},
		}},
	}
	for _, secret := range m.PullSecrets {
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, kinds.LocalReference{Name: secret})
	}
	meta := m.meta("", own)
	m.set.Generators = &kinds.Job{
		TypeMeta: kinds.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}, Metadata: m.meta(name, own),
		Spec: kinds.JobSpec{
			Parallelism: &n, Completions: &n, CompletionMode: "Indexed", BackoffLimitPerIndex: ptr(0),
			Template: kinds.PodTemplate{Metadata: kinds.ObjectMeta{Labels: meta.Labels}, Spec: spec},
		},
	}
}
