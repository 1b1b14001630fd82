package record

// The headers by which the load generator and the nodes understand each other about one user request.
const (
	// HeaderRequest is a user request's id, LOAD-SEQ; nodes hand it on, it seeds chance and names writes.
	HeaderRequest = "Squall-Request"
	// HeaderLoad is the load's name.
	HeaderLoad = "Squall-Load"
	// HeaderPriority is high or low; absent is high.
	HeaderPriority = "Squall-Priority"
	// HeaderTenant is whose request it is; absent is the load's name.
	HeaderTenant = "Squall-Tenant"
	// HeaderDegraded says in words why an answer is degraded; absent on whole answers.
	HeaderDegraded = "Squall-Degraded"
	// HeaderWrote lists acknowledged writes as DATABASE/ID, comma separated.
	HeaderWrote = "Squall-Wrote"
	// HeaderPosition lists, as DATABASE=POSITION, comma separated, up to where a user has written: in an answer what it
	// wrote, in a request what the user's earlier answers said.
	HeaderPosition = "Squall-Position"
	// HeaderStale is there when a replica showed the user less than what the user had written.
	HeaderStale = "Squall-Stale"
)
