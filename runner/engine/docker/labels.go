package docker

// The labels on everything that squall makes on an engine.
const (
	// labelRun is the run's id, labelOwner the process that made it, labelExpires when it is
	// gone whatever its owner says, in seconds since 1970.
	labelRun     = "squall.run"
	labelOwner   = "squall.owner"
	labelExpires = "squall.expires"
	// labelNode is the instance, or "mesh", or "control" for the control network.
	labelNode = "squall.node"
)
