package scenarios

import (
	"time"
)

// Choice narrows which replicas of a dependency a call may go to; balance then chooses among those.
// Its zero value is all of them.
type Choice struct {
	// Outlier ejection: leaves a replica that stands out by failing, or by being slow, alone for a time.
	Outliers *Outliers `yaml:"outliers" json:"outliers,omitempty"`
	// Gives each tenant a few of the replicas, so that one whose requests hurt them hurts no more than those.
	Shard *Shard `yaml:"shard" json:"shard,omitempty"`
	// Active health checks: asks every replica every so often, and leaves those alone that fail. Not of databases.
	HealthCheck *HealthCheck `yaml:"health_check" json:"health_check,omitempty"`
	// zone: replicas in the caller's own zone, and others only when all of those are ejected: those of its region,
	// then any. region: the same of its region. Default none.
	Prefer string `yaml:"prefer" enum:"none,zone,region" json:"prefer,omitempty"`
	// A replica that comes back (its probe succeeded, or it can be connected to again) gets a tenth of its share
	// at first, and all of it after this time.
	SlowStart time.Duration `yaml:"slow_start" sign:"positive" json:"slow_start,omitempty"`
}

// Shard bounds what one tenant reaches, by a hash of its name that is the same for every caller. Of replicas for each tenant, any
// combination of them, is shuffle sharding: of 8 replicas there are 28 shards of 2, and a tenant shares all of its own
// with 1/28 of the others (AWS Builders' Library, "Workload isolation using shuffle-sharding"). Cells do not overlap:
// a tenant shares its own with 1/Cells of the others, and hurts nobody else at all.
type Shard struct {
	// Replicas for each tenant, whatever combination its name falls on (shuffle sharding).
	Of int `yaml:"of" min:"1" json:"of,omitempty"`
	// In place of of: so many parts of the replicas that do not overlap, and one of them for each tenant.
	Cells int `yaml:"cells" min:"1" json:"cells,omitempty"`
}

// Outliers is passive: a caller judges replicas by its own attempts. A replica of which Failures of the last Of attempts
// failed, or whose attempts take Slower times as long as is usual among the replicas, is left alone for EjectFor; then one
// request probes it, and it is back, or out for twice as long, up to Longest. Where more than Most of the replicas would be out,
// it is more likely that something else is wrong than all of them: then all are used (Envoy's panic threshold).
type Outliers struct {
	// The share of failed attempts that ejects it; 100% of 5 is five in a row.
	Failures float64 `yaml:"failures" sign:"positive" unit:"share" json:"failures,omitempty"`
	// How many of its last attempts are looked at.
	Of int `yaml:"of" need:"yes" min:"1" json:"of"`
	// Ejects it too when its attempts take more than so many times the median of the replicas, as in 3: the mean
	// over about the last of.
	Slower float64 `yaml:"slower" sign:"positive" json:"slower,omitempty"`
	// How long it is out before one request probes it; twice as long with each further ejection, until it has been
	// well for as long as it was out.
	EjectFor time.Duration `yaml:"eject_for" need:"yes" sign:"positive" json:"eject_for"`
	// The longest ejection. Default ten times eject_for.
	Longest time.Duration `yaml:"longest" sign:"positive" json:"longest,omitempty"`
	// The panic threshold: when more than this share of the replicas is out, all are used. Default 50%.
	Most float64 `yaml:"most" zero:"nobody would ever be left alone" unit:"share" json:"most,omitempty"`
}

// Defaults of outlier ejection: Envoy's panic threshold, and its longest ejection in times of the first.
const (
	DefaultMostOut      = 0.5
	DefaultLongestTimes = 10
)
