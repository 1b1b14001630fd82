// Package load drives users at a system, on schedule, and says honestly how that went.
//
// vegeta (github.com/tsenart/vegeta/v12/lib) is the scheduler and the worker pool: each open load
// gets an Attacker of its own (an Attacker is good for one attack) with our Pacer, which knows
// the intended time of every request, and our http.RoundTripper, which sends it and takes the
// sample. vegeta's own results are not used: they are timed from when a worker starts, so they
// hide every delay that the schedule suffers.
//
// # Intended times: no coordinated omission
//
// Latency counts from the intended time. What that is depends on the load:
//
//   - open: the arrival, computed from the rate before anything is sent; it never depends on the system.
//   - closed (users and think time): the moment when the user's think time ended. A slow system
//     makes such users send less; that is what a closed load is, and why the open one is the default.
//   - partly open (sessions): a session's first request is intended at its arrival, each further
//     one when the think time after the last answer ended.
//
// A user's patience (the load's timeout) counts from the intended time too. A request that could
// not be sent within it, that would exceed max_in_flight, or that was due when the run was
// interrupted is unsent, and counted: intended = sent + unsent, to the request.
//
// # Connections
//
// HTTP/1.1 with keep-alive, over connections that Drive.Dial opens: as many as there are requests
// in flight; or HTTP/2, whose connections carry as many as they have room for. Requests take the load's
// edges in turn. Nothing is retried, and no redirect is followed unless the request says how many: one
// intended request is at most one request on the wire, and one for each redirect. A pooled connection that
// its peer has closed is noticed before it is used and replaced.
package load
