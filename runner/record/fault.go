package record

// Fault is one fault as it was carried out. Times count from the start of the first phase.
type Fault struct {
	// Name that expectations may call it by.
	Name string `json:"name"`
	// Kind is its key in the scenario: latency, outage, crash ...
	Kind string `json:"kind"`
	// Text is what it does, in words.
	Text string `json:"text"`
	// On is where, as the scenario says it.
	On string `json:"on"`
	// Phase that it belongs to.
	Phase string `json:"phase"`
	// AlsoIn are the later phases that it was to last into: it may outlast its phase, or stays until the end.
	AlsoIn []string `json:"also_in,omitempty" since:"2026-11-29"`
	// Edges that it is on, by their names.
	Edges []string `json:"edges,omitempty"`
	// Instances that it is on.
	Instances []string `json:"instances,omitempty"`
	// ScheduledS is when it was to come on.
	ScheduledS float64 `json:"scheduled_s"`
	// AppliedS is when it was on, as measured; null: it never was.
	AppliedS *float64 `json:"applied_s"`
	// UndoneS is when it was gone, as measured; null: it never was.
	UndoneS *float64 `json:"undone_s"`
	// ScheduledUndoS is when it was to end.
	ScheduledUndoS float64 `json:"scheduled_undo_s"`
	// PlannedS is when it was planned to come on, in a run whose phases somebody has held, ended or left out; scheduled_s is by the run's time.
	PlannedS *float64 `json:"planned_s,omitempty" since:"2026-11-30"`
	// PlannedUndoS is when it was planned to end.
	PlannedUndoS *float64 `json:"planned_undo_s,omitempty" since:"2026-11-30"`
	// RecoveredAfterS counts from when it was undone; null: not recovered by the end of the run. 0 where nothing had degraded.
	RecoveredAfterS *float64 `json:"recovered_after_s"`
	// RecoveredFromOnsetS is the second clock: from when it was applied.
	RecoveredFromOnsetS *float64 `json:"recovered_from_onset_s"`
	// DetectedAfterS is from onset to the first window outside the steady state; null: users never felt it.
	DetectedAfterS *float64 `json:"detected_after_s"`
	// Metastable tells that goodput stayed down after the fault was gone, for the whole of a long enough watch.
	Metastable bool `json:"metastable,omitempty"`
	// RecoveryUntold says why detection and recovery could not be told, where they could not; then all of them are null.
	RecoveryUntold string `json:"recovery_untold,omitempty"`
	// ToldWith is another fault that this one can't be told apart from: it came on in the same second, or was felt already. What was
	// felt, and when it was over, is of both together.
	ToldWith string `json:"told_with,omitempty" since:"2026-11-29"`
	// Cut counts the requests of other phases that failed because of it: under way when it came on, or intended before it was
	// off. Faults that came on together are charged with the same ones.
	Cut int64 `json:"cut,omitempty" unit:"requests" since:"2026-11-29"`
	// Error that putting it on or off ended with.
	Error string `json:"error,omitempty"`
	// Receipt is what met it.
	Receipt Receipt `json:"receipt"`
}

// lateUndo is by how much the harness may be late to take off a fault that was to end with its phase.
const lateUndo = 0.1

// OnIn tells that a fault was on for some of a phase. One that was to be gone when the phase began, and was a moment later, was not; one
// that was never undone stayed.
func (f *Fault) OnIn(p Phase) bool {
	if f.AppliedS == nil || *f.AppliedS >= p.EndS {
		return false
	}
	if f.UndoneS == nil {
		return true
	}
	late := *f.UndoneS - p.StartS
	return late > 0 && (f.ScheduledUndoS > p.StartS || late > lateUndo)
}

// Receipt shows that a fault bit: what met it while it was on, and whether it moved as promised.
type Receipt struct {
	// Met tells that something did. A fault that nothing met makes the run inconclusive.
	Met bool `json:"met"`
	// Connections that met it.
	Connections int64 `json:"connections" unit:"connections"`
	// Requests that met it.
	Requests int64 `json:"requests" unit:"requests"`
	// Bytes that met it.
	Bytes int64 `json:"bytes" unit:"bytes"`
	// Refused connections.
	Refused int64 `json:"refused,omitempty" unit:"connections"`
	// Hung are connections that got no answer at all.
	Hung int64 `json:"hung,omitempty" unit:"connections"`
	// Reset connections.
	Reset int64 `json:"reset,omitempty" unit:"connections"`
	// Closed connections.
	Closed int64 `json:"closed,omitempty" unit:"connections"`
	// LostBytes are those that did not arrive.
	LostBytes int64 `json:"lost_bytes,omitempty" unit:"bytes"`
	// DelayMs is the mean delay that what met it was given.
	DelayMs float64 `json:"delay_ms,omitempty"`
	// FullDelayMs is the mean delay of those alone that were held for their whole time; absent where none was.
	FullDelayMs float64 `json:"full_delay_ms,omitempty" since:"2026-11-29"`
	// Coverage is how many of the requests that crossed its edges while it was to be on met it, refused connections and dropped SYNs taken
	// for requests that did; absent where that was not counted.
	Coverage *float64 `json:"coverage,omitempty" unit:"share" since:"2026-11-29"`
	// Spread is how far apart in time the meshes came that carried it out together; absent where one alone did.
	Spread *Spread `json:"spread,omitempty" since:"2026-11-30"`
	// Did is what was done by those that were asked to do something once (a promotion, a flush, a replay). Such a fault counts no
	// traffic, and met tells whether anything was done. Under others it is what became of instances, beside the traffic.
	Did []Deed `json:"did,omitempty" since:"2026-11-29"`
	// Text is all of this in words.
	Text string `json:"text"`
}

// Spread is how far apart in time several meshes put a fault on and took it off, as their clocks were compared.
type Spread struct {
	// Meshes are how many carried it out.
	Meshes int `json:"meshes" unit:"meshes" since:"2026-11-30"`
	// OnMs is from the first mesh that had it on to the last; absent where one did not say.
	OnMs *float64 `json:"on_ms,omitempty" since:"2026-11-30"`
	// OnUncertainMs is by how much on_ms may be wrong, since clocks are compared.
	OnUncertainMs *float64 `json:"on_uncertain_ms,omitempty" since:"2026-11-30"`
	// OffMs is from the first mesh that had it off to the last.
	OffMs *float64 `json:"off_ms,omitempty" since:"2026-11-30"`
	// OffUncertainMs is by how much off_ms may be wrong.
	OffUncertainMs *float64 `json:"off_uncertain_ms,omitempty" since:"2026-11-30"`
}

// Deed is what one instance has done that was asked to do something once.
type Deed struct {
	// Instance that was asked.
	Instance string `json:"instance" since:"2026-11-29"`
	// What it has done: promoted, flushed, replayed or replaced; or what became of it: lost or drained (with its machine), out of memory, filled (its disk), looked up (names), or showed (a certificate that is
	// no good).
	What string `json:"what" since:"2026-11-29"`
	// Count is how much of it: copies flushed, messages replayed, 1 for a promotion, a replacement or a certificate, how often it was killed for want of memory, or
	// bytes written to its disk, or lookups; null: it did not say.
	Count *int64 `json:"count" since:"2026-11-29"`
	// Drain is how it ended as its machine was drained, where it did.
	Drain *DrainDeed `json:"drain,omitempty" since:"2026-11-30"`
	// Disk is the volume that was filled, where one was.
	Disk *DiskDeed `json:"disk,omitempty" since:"2026-11-29"`
}

// DrainDeed is how an instance ended whose machine was drained. What is absent was not measured.
type DrainDeed struct {
	// Machine that was drained.
	Machine string `json:"machine" since:"2026-11-30"`
	// TookMs is from when it was asked to end to its end.
	TookMs *float64 `json:"took_ms,omitempty" since:"2026-11-30"`
	// Killed tells that it was killed as its grace was over.
	Killed *bool `json:"killed,omitempty" since:"2026-11-30"`
	// Connections were open on the edges into it when the fault began.
	Connections *int64 `json:"connections,omitempty" unit:"connections" since:"2026-11-30"`
	// InFlight requests waited for their answer there then.
	InFlight *int64 `json:"in_flight,omitempty" unit:"requests" since:"2026-11-30"`
	// Unanswered are those that got none, from then until all on the machine had ended.
	Unanswered *int64 `json:"unanswered,omitempty" unit:"requests" since:"2026-11-30"`
	// Elsewhere is the machine where it was up again while the fault was on.
	Elsewhere string `json:"elsewhere,omitempty" since:"2026-11-30"`
	// AwayMs is from its end to when it was up there.
	AwayMs *float64 `json:"away_ms,omitempty" since:"2026-11-30"`
	// Stayed is why it was not, where that was wanted.
	Stayed string `json:"stayed,omitempty" since:"2026-11-30"`
}

// DiskDeed is a volume that was filled, as its file system told.
type DiskDeed struct {
	// Volume is where it is in its image.
	Volume string `json:"volume" since:"2026-11-29"`
	// Size of the volume.
	Size int64 `json:"size" unit:"bytes" since:"2026-11-29"`
	// Free is how much was free once it was filled.
	Free int64 `json:"free" unit:"bytes" since:"2026-11-29"`
	// FreeAtEnd is how much was free just before it was freed again; absent where that could not be read.
	FreeAtEnd *int64 `json:"free_at_end,omitempty" unit:"bytes" since:"2026-11-29"`
}
