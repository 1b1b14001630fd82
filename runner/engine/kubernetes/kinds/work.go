package kinds

import "time"

// Job is pods that run to their end.
type Job struct {
	TypeMeta
	Metadata ObjectMeta `json:"metadata"`
	Spec     JobSpec    `json:"spec"`
	Status   JobStatus  `json:"status,omitzero"`
}

// JobSpec is what a job is asked to be.
type JobSpec struct {
	Parallelism             *int              `json:"parallelism,omitempty"`
	Completions             *int              `json:"completions,omitempty"`
	CompletionMode          string            `json:"completionMode,omitempty"`
	BackoffLimit            *int              `json:"backoffLimit,omitempty"`
	BackoffLimitPerIndex    *int              `json:"backoffLimitPerIndex,omitempty"`
	ActiveDeadlineSeconds   *int64            `json:"activeDeadlineSeconds,omitempty"`
	TTLSecondsAfterFinished *int64            `json:"ttlSecondsAfterFinished,omitempty"`
	PodReplacementPolicy    string            `json:"podReplacementPolicy,omitempty"`
	PodFailurePolicy        *PodFailurePolicy `json:"podFailurePolicy,omitempty"`
	Suspend                 *bool             `json:"suspend,omitempty"`
	Template                PodTemplate       `json:"template"`
}

// PodFailurePolicy is what a pod's failure means to its job.
type PodFailurePolicy struct {
	Rules []PodFailureRule `json:"rules"`
}

// PodFailureRule is one case.
type PodFailureRule struct {
	Action          string                 `json:"action"`
	OnPodConditions []PodFailureCondition  `json:"onPodConditions,omitempty"`
	OnExitCodes     *PodFailureExitOnCodes `json:"onExitCodes,omitempty"`
}

// PodFailureCondition is a condition that a failed pod has.
type PodFailureCondition struct {
	Type   string `json:"type"`
	Status string `json:"status,omitempty"`
}

// PodFailureExitOnCodes is how a container has ended.
type PodFailureExitOnCodes struct {
	ContainerName string `json:"containerName,omitempty"`
	Operator      string `json:"operator"`
	Values        []int  `json:"values"`
}

// JobStatus is how a job is.
type JobStatus struct {
	Active           int         `json:"active,omitempty"`
	Ready            int         `json:"ready,omitempty"`
	Succeeded        int         `json:"succeeded,omitempty"`
	Failed           int         `json:"failed,omitempty"`
	CompletedIndexes string      `json:"completedIndexes,omitempty"`
	FailedIndexes    string      `json:"failedIndexes,omitempty"`
	Conditions       []Condition `json:"conditions,omitempty"`
	StartTime        *time.Time  `json:"startTime,omitempty"`
	CompletionTime   *time.Time  `json:"completionTime,omitempty"`
}

// CronJob is jobs by the clock.
type CronJob struct {
	TypeMeta
	Metadata ObjectMeta  `json:"metadata"`
	Spec     CronJobSpec `json:"spec"`
}

// CronJobSpec is when, and what.
type CronJobSpec struct {
	Schedule                   string      `json:"schedule"`
	TimeZone                   string      `json:"timeZone,omitempty"`
	ConcurrencyPolicy          string      `json:"concurrencyPolicy,omitempty"`
	Suspend                    *bool       `json:"suspend,omitempty"`
	SuccessfulJobsHistoryLimit *int        `json:"successfulJobsHistoryLimit,omitempty"`
	FailedJobsHistoryLimit     *int        `json:"failedJobsHistoryLimit,omitempty"`
	JobTemplate                JobTemplate `json:"jobTemplate"`
}

// JobTemplate is what jobs are made after.
type JobTemplate struct {
	Metadata ObjectMeta `json:"metadata,omitzero"`
	Spec     JobSpec    `json:"spec"`
}

// Lease is who holds something, and until when.
type Lease struct {
	TypeMeta
	Metadata ObjectMeta `json:"metadata"`
	Spec     LeaseSpec  `json:"spec"`
}

// LeaseSpec is a lease's words. Times are texts: the API takes microseconds and no more.
type LeaseSpec struct {
	HolderIdentity       string `json:"holderIdentity,omitempty"`
	LeaseDurationSeconds int    `json:"leaseDurationSeconds,omitempty"`
	AcquireTime          string `json:"acquireTime,omitempty"`
	RenewTime            string `json:"renewTime,omitempty"`
}
