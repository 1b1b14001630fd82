// Package kinds is Kubernetes' objects as plain values, with those fields that squall writes or reads, in Kubernetes' own names. It knows
// no server.
package kinds

import "time"

// TypeMeta says what an object is.
type TypeMeta struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
}

// ObjectMeta is what every object has.
type ObjectMeta struct {
	Name              string            `json:"name,omitempty"`
	GenerateName      string            `json:"generateName,omitempty"`
	Namespace         string            `json:"namespace,omitempty"`
	UID               string            `json:"uid,omitempty"`
	ResourceVersion   string            `json:"resourceVersion,omitempty"`
	CreationTimestamp *time.Time        `json:"creationTimestamp,omitempty"`
	DeletionTimestamp *time.Time        `json:"deletionTimestamp,omitempty"`
	Labels            map[string]string `json:"labels,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
	OwnerReferences   []OwnerReference  `json:"ownerReferences,omitempty"`
}

// OwnerReference names an object with which this one goes.
type OwnerReference struct {
	APIVersion         string `json:"apiVersion"`
	Kind               string `json:"kind"`
	Name               string `json:"name"`
	UID                string `json:"uid"`
	Controller         bool   `json:"controller,omitempty"`
	BlockOwnerDeletion bool   `json:"blockOwnerDeletion,omitempty"`
}

// Object is what is known of any object.
type Object struct {
	TypeMeta
	Metadata ObjectMeta `json:"metadata"`
}

// LabelSelector chooses objects by their labels: all of them.
type LabelSelector struct {
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
}

// Namespace is one.
type Namespace struct {
	TypeMeta
	Metadata ObjectMeta `json:"metadata"`
	Status   struct {
		Phase string `json:"phase,omitempty"`
	} `json:"status,omitzero"`
}

// ConfigMap is files of text and of bytes.
type ConfigMap struct {
	TypeMeta
	Metadata   ObjectMeta        `json:"metadata"`
	Data       map[string]string `json:"data,omitempty"`
	BinaryData map[string][]byte `json:"binaryData,omitempty"`
	Immutable  bool              `json:"immutable,omitempty"`
}

// Secret is files that not everybody may read.
type Secret struct {
	TypeMeta
	Metadata ObjectMeta        `json:"metadata"`
	Type     string            `json:"type,omitempty"`
	Data     map[string][]byte `json:"data,omitempty"`
}

// Event is what the cluster says of an object.
type Event struct {
	TypeMeta
	Metadata       ObjectMeta      `json:"metadata"`
	InvolvedObject ObjectReference `json:"involvedObject"`
	Reason         string          `json:"reason,omitempty"`
	Message        string          `json:"message,omitempty"`
	Type           string          `json:"type,omitempty"`
	Count          int             `json:"count,omitempty"`
	LastTimestamp  *time.Time      `json:"lastTimestamp,omitempty"`
	EventTime      *time.Time      `json:"eventTime,omitempty"`
}

// ObjectReference names an object.
type ObjectReference struct {
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	UID       string `json:"uid,omitempty"`
}

// Node is a machine of the cluster.
type Node struct {
	TypeMeta
	Metadata ObjectMeta `json:"metadata"`
	Spec     struct {
		Unschedulable bool `json:"unschedulable,omitempty"`
	} `json:"spec,omitzero"`
	Status NodeStatus `json:"status,omitzero"`
}

// NodeStatus is how a machine is.
type NodeStatus struct {
	Conditions  []Condition       `json:"conditions,omitempty"`
	Addresses   []NodeAddress     `json:"addresses,omitempty"`
	Capacity    map[string]string `json:"capacity,omitempty"`
	Allocatable map[string]string `json:"allocatable,omitempty"`
	NodeInfo    struct {
		KernelVersion           string `json:"kernelVersion,omitempty"`
		ContainerRuntimeVersion string `json:"containerRuntimeVersion,omitempty"`
		KubeletVersion          string `json:"kubeletVersion,omitempty"`
		OperatingSystem         string `json:"operatingSystem,omitempty"`
		Architecture            string `json:"architecture,omitempty"`
	} `json:"nodeInfo,omitzero"`
}

// NodeAddress is one of a machine's.
type NodeAddress struct {
	Type    string `json:"type"`
	Address string `json:"address"`
}

// Condition is one thing that is so, or is not, or is not known.
type Condition struct {
	Type               string     `json:"type"`
	Status             string     `json:"status"` // True, False or Unknown
	Reason             string     `json:"reason,omitempty"`
	Message            string     `json:"message,omitempty"`
	LastTransitionTime *time.Time `json:"lastTransitionTime,omitempty"`
}
