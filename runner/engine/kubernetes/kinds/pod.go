package kinds

import "time"

// Pod is one.
type Pod struct {
	TypeMeta
	Metadata ObjectMeta `json:"metadata"`
	Spec     PodSpec    `json:"spec"`
	Status   PodStatus  `json:"status,omitzero"`
}

// PodTemplate is what pods are made after.
type PodTemplate struct {
	Metadata ObjectMeta `json:"metadata,omitzero"`
	Spec     PodSpec    `json:"spec"`
}

// PodSpec is what a pod is asked to be.
type PodSpec struct {
	InitContainers                []Container         `json:"initContainers,omitempty"`
	Containers                    []Container         `json:"containers"`
	Volumes                       []Volume            `json:"volumes,omitempty"`
	RestartPolicy                 string              `json:"restartPolicy,omitempty"`
	TerminationGracePeriodSeconds *int64              `json:"terminationGracePeriodSeconds,omitempty"`
	ActiveDeadlineSeconds         *int64              `json:"activeDeadlineSeconds,omitempty"`
	ServiceAccountName            string              `json:"serviceAccountName,omitempty"`
	AutomountServiceAccountToken  *bool               `json:"automountServiceAccountToken,omitempty"`
	EnableServiceLinks            *bool               `json:"enableServiceLinks,omitempty"`
	ShareProcessNamespace         *bool               `json:"shareProcessNamespace,omitempty"`
	SecurityContext               *PodSecurityContext `json:"securityContext,omitempty"`
	HostAliases                   []HostAlias         `json:"hostAliases,omitempty"`
	DNSPolicy                     string              `json:"dnsPolicy,omitempty"`
	DNSConfig                     *DNSConfig          `json:"dnsConfig,omitempty"`
	Hostname                      string              `json:"hostname,omitempty"`
	Subdomain                     string              `json:"subdomain,omitempty"`
	NodeName                      string              `json:"nodeName,omitempty"`
	NodeSelector                  map[string]string   `json:"nodeSelector,omitempty"`
	Affinity                      *Affinity           `json:"affinity,omitempty"`
	Tolerations                   []Toleration        `json:"tolerations,omitempty"`
	ImagePullSecrets              []LocalReference    `json:"imagePullSecrets,omitempty"`
	TopologySpreadConstraints     []TopologySpread    `json:"topologySpreadConstraints,omitempty"`
	PriorityClassName             string              `json:"priorityClassName,omitempty"`
}

// LocalReference names an object of the same namespace.
type LocalReference struct {
	Name string `json:"name"`
}

// HostAlias is names of an address, for /etc/hosts.
type HostAlias struct {
	IP        string   `json:"ip"`
	Hostnames []string `json:"hostnames"`
}

// DNSConfig is whom a pod asks for names.
type DNSConfig struct {
	Nameservers []string `json:"nameservers,omitempty"`
}

// Affinity is where a pod would rather be.
type Affinity struct {
	NodeAffinity    *NodeAffinity    `json:"nodeAffinity,omitempty"`
	PodAntiAffinity *PodAntiAffinity `json:"podAntiAffinity,omitempty"`
}

// NodeAffinity is which machines a pod may be on.
type NodeAffinity struct {
	Required *NodeSelector `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty"`
}

// NodeSelector is machines to which one of several terms applies.
type NodeSelector struct {
	Terms []NodeSelectorTerm `json:"nodeSelectorTerms"`
}

// NodeSelectorTerm is what a machine has to be.
type NodeSelectorTerm struct {
	MatchFields []NodeSelectorRequirement `json:"matchFields,omitempty"`
}

// NodeSelectorRequirement is what a field of a machine has to be.
type NodeSelectorRequirement struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values,omitempty"`
}

// PodAntiAffinity is what pods it would rather not be beside.
type PodAntiAffinity struct {
	Preferred []WeightedPodAffinityTerm `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty"`
	Required  []PodAffinityTerm         `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty"`
}

// WeightedPodAffinityTerm is how much it would.
type WeightedPodAffinityTerm struct {
	Weight          int             `json:"weight"`
	PodAffinityTerm PodAffinityTerm `json:"podAffinityTerm"`
}

// PodAffinityTerm is pods, and what counts as beside them.
type PodAffinityTerm struct {
	LabelSelector *LabelSelector `json:"labelSelector,omitempty"`
	TopologyKey   string         `json:"topologyKey"`
}

// TopologySpread spreads pods over machines that differ in a label.
type TopologySpread struct {
	MaxSkew           int            `json:"maxSkew"`
	TopologyKey       string         `json:"topologyKey"`
	WhenUnsatisfiable string         `json:"whenUnsatisfiable"`
	LabelSelector     *LabelSelector `json:"labelSelector,omitempty"`
}

// Toleration is a taint that a pod does not mind.
type Toleration struct {
	Key               string `json:"key,omitempty"`
	Operator          string `json:"operator,omitempty"`
	Value             string `json:"value,omitempty"`
	Effect            string `json:"effect,omitempty"`
	TolerationSeconds *int64 `json:"tolerationSeconds,omitempty"`
}

// Container is one of a pod's.
type Container struct {
	Name            string           `json:"name"`
	Image           string           `json:"image,omitempty"`
	ImagePullPolicy string           `json:"imagePullPolicy,omitempty"`
	Command         []string         `json:"command,omitempty"`
	Args            []string         `json:"args,omitempty"`
	WorkingDir      string           `json:"workingDir,omitempty"`
	Ports           []ContainerPort  `json:"ports,omitempty"`
	Env             []EnvVar         `json:"env,omitempty"`
	Resources       Resources        `json:"resources,omitzero"`
	ResizePolicy    []ResizePolicy   `json:"resizePolicy,omitempty"`
	VolumeMounts    []VolumeMount    `json:"volumeMounts,omitempty"`
	StartupProbe    *Probe           `json:"startupProbe,omitempty"`
	ReadinessProbe  *Probe           `json:"readinessProbe,omitempty"`
	LivenessProbe   *Probe           `json:"livenessProbe,omitempty"`
	SecurityContext *SecurityContext `json:"securityContext,omitempty"`
	// RestartPolicy is of init containers alone: Always makes one a sidecar.
	RestartPolicy            string `json:"restartPolicy,omitempty"`
	TerminationMessagePolicy string `json:"terminationMessagePolicy,omitempty"`
}

// ContainerPort is one that a container listens on.
type ContainerPort struct {
	Name          string `json:"name,omitempty"`
	ContainerPort int    `json:"containerPort"`
	Protocol      string `json:"protocol,omitempty"`
}

// EnvVar is a variable of a container's environment.
type EnvVar struct {
	Name      string     `json:"name"`
	Value     string     `json:"value,omitempty"`
	ValueFrom *EnvSource `json:"valueFrom,omitempty"`
}

// EnvSource is where a variable comes from: one of them.
type EnvSource struct {
	FieldRef     *FieldSelector `json:"fieldRef,omitempty"`
	SecretKeyRef *KeySelector   `json:"secretKeyRef,omitempty"`
}

// FieldSelector is a field of the pod, such as status.podIP.
type FieldSelector struct {
	FieldPath string `json:"fieldPath"`
}

// KeySelector is a key of a secret or of a config map.
type KeySelector struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// Resources are what a container gets, as quantities such as 250m and 64Mi.
type Resources struct {
	Requests map[string]string `json:"requests,omitempty"`
	Limits   map[string]string `json:"limits,omitempty"`
}

// ResizePolicy is whether a container has to start anew for other limits.
type ResizePolicy struct {
	ResourceName  string `json:"resourceName"`
	RestartPolicy string `json:"restartPolicy"`
}

// VolumeMount is a volume, or a part of one, in a container's file system.
type VolumeMount struct {
	Name      string `json:"name"`
	MountPath string `json:"mountPath"`
	SubPath   string `json:"subPath,omitempty"`
	ReadOnly  bool   `json:"readOnly,omitempty"`
}

// Volume is one of a pod's: one of its kinds.
type Volume struct {
	Name                  string           `json:"name"`
	EmptyDir              *EmptyDir        `json:"emptyDir,omitempty"`
	ConfigMap             *FilesSource     `json:"configMap,omitempty"`
	Secret                *SecretSource    `json:"secret,omitempty"`
	PersistentVolumeClaim *ClaimSource     `json:"persistentVolumeClaim,omitempty"`
	Projected             *ProjectedVolume `json:"projected,omitempty"`
}

// EmptyDir is a folder that lives as long as its pod.
type EmptyDir struct {
	Medium    string `json:"medium,omitempty"`
	SizeLimit string `json:"sizeLimit,omitempty"`
}

// FilesSource is a config map as files.
type FilesSource struct {
	Name        string      `json:"name"`
	Items       []KeyToPath `json:"items,omitempty"`
	DefaultMode *int        `json:"defaultMode,omitempty"`
}

// SecretSource is a secret as files.
type SecretSource struct {
	SecretName  string      `json:"secretName"`
	Items       []KeyToPath `json:"items,omitempty"`
	DefaultMode *int        `json:"defaultMode,omitempty"`
}

// KeyToPath is what file a key becomes.
type KeyToPath struct {
	Key  string `json:"key"`
	Path string `json:"path"`
	Mode *int   `json:"mode,omitempty"`
}

// ClaimSource is a volume that was claimed.
type ClaimSource struct {
	ClaimName string `json:"claimName"`
	ReadOnly  bool   `json:"readOnly,omitempty"`
}

// ProjectedVolume is several sources in one folder.
type ProjectedVolume struct {
	Sources []Projection `json:"sources"`
}

// Projection is one source.
type Projection struct {
	ConfigMap *FilesSource `json:"configMap,omitempty"`
	// Secret has the name of one as config maps have theirs, not as a secret's volume.
	Secret *FilesSource `json:"secret,omitempty"`
}

// Probe is how a container's state is asked for.
type Probe struct {
	HTTPGet             *HTTPGet    `json:"httpGet,omitempty"`
	TCPSocket           *TCPSocket  `json:"tcpSocket,omitempty"`
	Exec                *ExecAction `json:"exec,omitempty"`
	InitialDelaySeconds int         `json:"initialDelaySeconds,omitempty"`
	PeriodSeconds       int         `json:"periodSeconds,omitempty"`
	TimeoutSeconds      int         `json:"timeoutSeconds,omitempty"`
	FailureThreshold    int         `json:"failureThreshold,omitempty"`
}

// HTTPGet is a probe by a request.
type HTTPGet struct {
	Path string `json:"path,omitempty"`
	Port int    `json:"port"`
}

// TCPSocket is a probe by a connection.
type TCPSocket struct {
	Port int `json:"port"`
}

// ExecAction is a probe by a command.
type ExecAction struct {
	Command []string `json:"command"`
}

// PodSecurityContext is what all containers of a pod run as.
type PodSecurityContext struct {
	RunAsNonRoot   *bool           `json:"runAsNonRoot,omitempty"`
	RunAsUser      *int64          `json:"runAsUser,omitempty"`
	RunAsGroup     *int64          `json:"runAsGroup,omitempty"`
	FSGroup        *int64          `json:"fsGroup,omitempty"`
	SeccompProfile *SeccompProfile `json:"seccompProfile,omitempty"`
	Sysctls        []Sysctl        `json:"sysctls,omitempty"`
}

// Sysctl is a setting of a pod's own part of the kernel.
type Sysctl struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SecurityContext is what a container runs as, and may do.
type SecurityContext struct {
	AllowPrivilegeEscalation *bool           `json:"allowPrivilegeEscalation,omitempty"`
	Capabilities             *Capabilities   `json:"capabilities,omitempty"`
	RunAsNonRoot             *bool           `json:"runAsNonRoot,omitempty"`
	RunAsUser                *int64          `json:"runAsUser,omitempty"`
	RunAsGroup               *int64          `json:"runAsGroup,omitempty"`
	ReadOnlyRootFilesystem   *bool           `json:"readOnlyRootFilesystem,omitempty"`
	SeccompProfile           *SeccompProfile `json:"seccompProfile,omitempty"`
}

// Capabilities are what a container's root may do beyond, or less.
type Capabilities struct {
	Add  []string `json:"add,omitempty"`
	Drop []string `json:"drop,omitempty"`
}

// SeccompProfile is which calls of the kernel a container may make.
type SeccompProfile struct {
	Type string `json:"type"`
}

// PodStatus is how a pod is.
type PodStatus struct {
	Phase                 string            `json:"phase,omitempty"`
	Reason                string            `json:"reason,omitempty"`
	Message               string            `json:"message,omitempty"`
	PodIP                 string            `json:"podIP,omitempty"`
	HostIP                string            `json:"hostIP,omitempty"`
	StartTime             *time.Time        `json:"startTime,omitempty"`
	Conditions            []Condition       `json:"conditions,omitempty"`
	InitContainerStatuses []ContainerStatus `json:"initContainerStatuses,omitempty"`
	ContainerStatuses     []ContainerStatus `json:"containerStatuses,omitempty"`
}

// Is tells whether a condition of the pod is so; "Ready" is one.
func (s PodStatus) Is(condition string) bool {
	for _, c := range s.Conditions {
		if c.Type == condition {
			return c.Status == "True"
		}
	}
	return false
}

// ContainerStatus is how a container is.
type ContainerStatus struct {
	Name         string         `json:"name"`
	Image        string         `json:"image,omitempty"`
	ImageID      string         `json:"imageID,omitempty"`
	ContainerID  string         `json:"containerID,omitempty"`
	Ready        bool           `json:"ready"`
	Started      *bool          `json:"started,omitempty"`
	RestartCount int            `json:"restartCount"`
	State        ContainerState `json:"state,omitzero"`
	LastState    ContainerState `json:"lastState,omitzero"`
	Resources    *Resources     `json:"resources,omitempty"`
}

// ContainerState is one of the three.
type ContainerState struct {
	Waiting    *Waiting    `json:"waiting,omitempty"`
	Running    *Running    `json:"running,omitempty"`
	Terminated *Terminated `json:"terminated,omitempty"`
}

// Waiting is a container that does not run yet, and why.
type Waiting struct {
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// Running is one that runs.
type Running struct {
	StartedAt *time.Time `json:"startedAt,omitempty"`
}

// Terminated is one that has ended.
type Terminated struct {
	ExitCode   int        `json:"exitCode"`
	Signal     int        `json:"signal,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Message    string     `json:"message,omitempty"`
	StartedAt  *time.Time `json:"startedAt,omitempty"`
	FinishedAt *time.Time `json:"finishedAt,omitempty"`
}
