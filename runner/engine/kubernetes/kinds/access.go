package kinds

// ServiceAccount is who pods are to the API server.
type ServiceAccount struct {
	TypeMeta
	Metadata ObjectMeta `json:"metadata"`
}

// Role is what may be done in a namespace; a ClusterRole, in all of them and to what is in none.
type Role struct {
	TypeMeta
	Metadata ObjectMeta `json:"metadata"`
	Rules    []Rule     `json:"rules"`
}

// Rule is verbs that may be said to resources.
type Rule struct {
	APIGroups []string `json:"apiGroups"`
	Resources []string `json:"resources"`
	// ResourceNames are the only ones that are meant; none: all.
	ResourceNames []string `json:"resourceNames,omitempty"`
	Verbs         []string `json:"verbs"`
}

// RoleBinding is who has a role, in its namespace; a ClusterRoleBinding, everywhere.
type RoleBinding struct {
	TypeMeta
	Metadata ObjectMeta `json:"metadata"`
	RoleRef  RoleRef    `json:"roleRef"`
	Subjects []Subject  `json:"subjects,omitempty"`
}

// RoleRef names a role.
type RoleRef struct {
	APIGroup string `json:"apiGroup"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
}

// Subject is who.
type Subject struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
	APIGroup  string `json:"apiGroup,omitempty"`
}

// TokenRequest asks for a token of a service account, and is its answer.
type TokenRequest struct {
	TypeMeta
	Spec struct {
		ExpirationSeconds int64    `json:"expirationSeconds,omitempty"`
		Audiences         []string `json:"audiences,omitempty"`
	} `json:"spec"`
	Status struct {
		Token string `json:"token,omitempty"`
	} `json:"status,omitzero"`
}

// SelfSubjectAccessReview asks what one may do oneself, and is its answer.
type SelfSubjectAccessReview struct {
	TypeMeta
	Spec struct {
		ResourceAttributes ResourceAttributes `json:"resourceAttributes"`
	} `json:"spec"`
	Status struct {
		Allowed bool   `json:"allowed"`
		Reason  string `json:"reason,omitempty"`
	} `json:"status,omitzero"`
}

// LocalSubjectAccessReview asks what somebody else may do in a namespace, and is its answer.
type LocalSubjectAccessReview struct {
	TypeMeta
	Metadata ObjectMeta `json:"metadata"`
	Spec     struct {
		ResourceAttributes ResourceAttributes `json:"resourceAttributes"`
		User               string             `json:"user"`
		Groups             []string           `json:"groups,omitempty"`
	} `json:"spec"`
	Status struct {
		Allowed bool   `json:"allowed"`
		Reason  string `json:"reason,omitempty"`
	} `json:"status,omitzero"`
}

// ResourceAttributes is a verb and to what it is said.
type ResourceAttributes struct {
	Namespace   string `json:"namespace,omitempty"`
	Verb        string `json:"verb"`
	Group       string `json:"group,omitempty"`
	Resource    string `json:"resource"`
	Subresource string `json:"subresource,omitempty"`
	Name        string `json:"name,omitempty"`
}
