package node

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// metrics are an instance's own counts. Counters only grow; gauges are what is true now.
type metrics struct {
	inFlight, workersBusy, queueDepth, connectionsOpen, backlog, cacheEntries, breakersOpen atomic.Int64

	requests, errors, shed, rateLimited, unauthorized, injected                     atomic.Int64
	cacheHits, cacheStale, cacheMisses, cacheBypassed, cacheCoalesced               atomic.Int64
	breakerOpened, breakerRejected, budgetExhausted, degraded                       atomic.Int64
	hedges, hedgesWon                                                               atomic.Int64
	bulkheadWaiting, bulkheadRejected, throttled                                    atomic.Int64
	bulkheadTime, wastedTime                                                        atomic.Int64 // ns
	deadlineExceeded, wasted                                                        atomic.Int64
	reads, writes, logSyncs, logBytes, logTorn, connectionsRefused                  atomic.Int64
	messages, delivered, redelivered, dead                                          atomic.Int64
	lockTime, expired, repeated                                                     atomic.Int64
	cacheEarly, partsMissing                                                        atomic.Int64
	configured                                                                      atomic.Int64
	queued, queueDropped, shedLow                                                   atomic.Int64
	requestTime, workTime, computeTime, queueTime                                   atomic.Int64 // ns
	failovers                                                                       atomic.Int64
	leases, leaseWaits, staleSets, cacheErrors                                      atomic.Int64
	unhealthy, healthChecks, healthFailures                                         atomic.Int64
	ejected, ejections, ejectionPanics                                              atomic.Int64
	concurrencyLimit                                                                atomic.Int64
	outboxBacklog, published, republished                                           atomic.Int64
	tiedTaken, tiedTwice                                                            atomic.Int64
	botsBlocked, botsLimited, pages                                                 atomic.Int64
	splits, tooLarge, cacheRevalidating, cacheRefreshes, cacheNegative, cachePurged atomic.Int64
	queueFull, replayed                                                             atomic.Int64

	series atomic.Pointer[[]series] // of the node's parts

	replication
}

// metric is one row of the table of metrics: name, type, what it means, and how it is read.
type metric struct {
	name, kind, help string
	value            func(*metrics) float64
}

// table is every metric of every role; one that a role does not use stays 0.
func (m *metrics) table() []metric {
	count := func(name, help string, of func(*metrics) *atomic.Int64) metric {
		return metric{name, "counter", help, func(m *metrics) float64 { return float64(of(m).Load()) }}
	}
	gauge := func(name, help string, of func(*metrics) *atomic.Int64) metric {
		return metric{name, "gauge", help, func(m *metrics) float64 { return float64(of(m).Load()) }}
	}
	seconds := func(name, help string, of func(*metrics) *atomic.Int64) metric {
		return metric{name, "counter", help, func(m *metrics) float64 { return time.Duration(of(m).Load()).Seconds() }}
	}
	return []metric{
		gauge("squall_in_flight", "Requests (statements, for a database) being answered now, waiting ones included.", func(m *metrics) *atomic.Int64 { return &m.inFlight }),
		count("squall_requests_total", "Requests (statements) that arrived.", func(m *metrics) *atomic.Int64 { return &m.requests }),
		count("squall_errors_total", "Answers with a status of 500 or more (SQL errors).", func(m *metrics) *atomic.Int64 { return &m.errors }),
		count("squall_injected_errors_total", "Errors answered because a fault asked for them; part of squall_errors_total where their status is.", func(m *metrics) *atomic.Int64 { return &m.injected }),
		count("squall_degraded_total", "Fallbacks taken, stale answers served, and parallel steps whose parts were not all there.", func(m *metrics) *atomic.Int64 { return &m.degraded }),
		count("squall_parts_missing_total", "Steps of a parallel one that were not waited for, or failed, where the others were enough.", func(m *metrics) *atomic.Int64 { return &m.partsMissing }),
		seconds("squall_request_seconds_total", "Time in the node, summed over answered requests.", func(m *metrics) *atomic.Int64 { return &m.requestTime }),
		seconds("squall_work_seconds_total", "Time spent in work steps.", func(m *metrics) *atomic.Int64 { return &m.workTime }),
		seconds("squall_compute_seconds_total", "CPU time used by compute steps.", func(m *metrics) *atomic.Int64 { return &m.computeTime }),
		count("squall_configured_total", "Times that another configuration was taken up while it ran.", func(m *metrics) *atomic.Int64 { return &m.configured }),
		gauge("squall_workers_busy", "Workers taken now.", func(m *metrics) *atomic.Int64 { return &m.workersBusy }),
		gauge("squall_queue_depth", "Requests waiting for a worker now.", func(m *metrics) *atomic.Int64 { return &m.queueDepth }),
		seconds("squall_queue_seconds_total", "Time that requests waited for a worker.", func(m *metrics) *atomic.Int64 { return &m.queueTime }),
		count("squall_queued_total", "Requests that had to wait for a worker.", func(m *metrics) *atomic.Int64 { return &m.queued }),
		count("squall_shed_total", "Requests refused (503) because the queue for workers was full, because they had waited in it for too long, or because there was enough in flight.", func(m *metrics) *atomic.Int64 { return &m.shed }),
		count("squall_queue_dropped_total", "Requests refused (503) when their turn came, because they had waited longer than the discipline allows; part of squall_shed_total.", func(m *metrics) *atomic.Int64 { return &m.queueDropped }),
		count("squall_shed_low_total", "Requests of low priority among squall_shed_total.", func(m *metrics) *atomic.Int64 { return &m.shedLow }),
		gauge("squall_concurrency_limit", "How many requests may be in flight now; 0: any number.", func(m *metrics) *atomic.Int64 { return &m.concurrencyLimit }),
		count("squall_rate_limited_total", "Requests refused (429) by the rate limit.", func(m *metrics) *atomic.Int64 { return &m.rateLimited }),
		count("squall_bots_blocked_total", "Requests refused (403) by a rule about bots.", func(m *metrics) *atomic.Int64 { return &m.botsBlocked }),
		count("squall_bots_limited_total", "Requests refused (429) by the rate of a rule about bots; none of squall_rate_limited_total.", func(m *metrics) *atomic.Int64 { return &m.botsLimited }),
		count("squall_unauthorized_total", "Requests refused (401) for want of an API key or a valid token.", func(m *metrics) *atomic.Int64 { return &m.unauthorized }),
		count("squall_too_large_total", "Requests refused (413) because of their length.", func(m *metrics) *atomic.Int64 { return &m.tooLarge }),
		count("squall_split_total", "Requests that a gateway sent to a split's node.", func(m *metrics) *atomic.Int64 { return &m.splits }),
		count("squall_cache_hits_total", "Requests answered with a fresh copy.", func(m *metrics) *atomic.Int64 { return &m.cacheHits }),
		count("squall_cache_stale_total", "Requests answered with a stale copy because the origin, or the source of a step, failed.", func(m *metrics) *atomic.Int64 { return &m.cacheStale }),
		count("squall_pages_total", "Requests answered with the static page because the origin failed and there was no copy.", func(m *metrics) *atomic.Int64 { return &m.pages }),
		count("squall_cache_misses_total", "Cacheable requests that needed the origin, stale ones included.", func(m *metrics) *atomic.Int64 { return &m.cacheMisses }),
		count("squall_cache_bypassed_total", "Requests that no cache rule covers.", func(m *metrics) *atomic.Int64 { return &m.cacheBypassed }),
		count("squall_cache_coalesced_total", "Misses that shared another miss's request to the origin.", func(m *metrics) *atomic.Int64 { return &m.cacheCoalesced }),
		count("squall_cache_early_total", "Hits that were read anew before they expired (xfetch); the reads are none of squall_cache_misses_total.", func(m *metrics) *atomic.Int64 { return &m.cacheEarly }),
		count("squall_cache_revalidating_total", "Requests answered at once with a copy past its ttl while it is refreshed.", func(m *metrics) *atomic.Int64 { return &m.cacheRevalidating }),
		count("squall_cache_refreshes_total", "Requests to the origin (calls and reads, of a last_good cache) that refreshed a copy while nobody waited.", func(m *metrics) *atomic.Int64 { return &m.cacheRefreshes }),
		count("squall_cache_negative_total", "Requests answered with a fresh copy of a 404 or 410; part of the hits.", func(m *metrics) *atomic.Int64 { return &m.cacheNegative }),
		count("squall_cache_purged_total", "Copies taken away or made stale by a purge.", func(m *metrics) *atomic.Int64 { return &m.cachePurged }),
		count("squall_leases_total", "Leases that a cache handed out to those who missed.", func(m *metrics) *atomic.Int64 { return &m.leases }),
		count("squall_lease_waits_total", "Looks into a cache that had to wait for another's fill.", func(m *metrics) *atomic.Int64 { return &m.leaseWaits }),
		count("squall_stale_sets_total", "Fills that a cache refused because their lease was no longer the key's: it had been written meanwhile, or the time was over.", func(m *metrics) *atomic.Int64 { return &m.staleSets }),
		count("squall_cache_errors_total", "Calls to a cache that failed; a look that did was a miss.", func(m *metrics) *atomic.Int64 { return &m.cacheErrors }),
		gauge("squall_cache_entries", "Copies in the cache now.", func(m *metrics) *atomic.Int64 { return &m.cacheEntries }),
		count("squall_breaker_open_total", "Times that a circuit breaker opened.", func(m *metrics) *atomic.Int64 { return &m.breakerOpened }),
		count("squall_breaker_rejected_total", "Calls not made because a circuit breaker was open.", func(m *metrics) *atomic.Int64 { return &m.breakerRejected }),
		gauge("squall_breakers_open", "Circuit breakers that are open or half open now.", func(m *metrics) *atomic.Int64 { return &m.breakersOpen }),
		count("squall_failovers_total", "Calls made to another node because the one that was meant, or the one before it, had failed for good or was not to be called.", func(m *metrics) *atomic.Int64 { return &m.failovers }),
		gauge("squall_unhealthy", "Replicas of callees that have failed their health checks and not yet passed enough of them.", func(m *metrics) *atomic.Int64 { return &m.unhealthy }),
		count("squall_health_checks_total", "Health checks made of callees' replicas.", func(m *metrics) *atomic.Int64 { return &m.healthChecks }),
		count("squall_health_check_failures_total", "Health checks that failed.", func(m *metrics) *atomic.Int64 { return &m.healthFailures }),
		count("squall_ejections_total", "Times that a replica of a callee was left alone because it stood out (failed probes included).", func(m *metrics) *atomic.Int64 { return &m.ejections }),
		gauge("squall_ejected", "Replicas of callees that are left alone or probed now.", func(m *metrics) *atomic.Int64 { return &m.ejected }),
		count("squall_ejection_panics_total", "Times that more replicas of a callee were to be left alone than may be, so that all were used.", func(m *metrics) *atomic.Int64 { return &m.ejectionPanics }),
		count("squall_retry_budget_exhausted_total", "Retries not made because the retry budget was spent.", func(m *metrics) *atomic.Int64 { return &m.budgetExhausted }),
		count("squall_hedges_total", "Second attempts made beside a first one that was late.", func(m *metrics) *atomic.Int64 { return &m.hedges }),
		count("squall_hedges_won_total", "Hedges whose answer was taken.", func(m *metrics) *atomic.Int64 { return &m.hedgesWon }),
		count("squall_tied_withdrawn_total", "Tied attempts that were given up because the other one had been begun.", func(m *metrics) *atomic.Int64 { return &m.tiedTaken }),
		count("squall_tied_twice_total", "Tied attempts that had been begun too when they were given up: work done twice.", func(m *metrics) *atomic.Int64 { return &m.tiedTwice }),
		gauge("squall_bulkhead_waiting", "Calls waiting for a place in a bulkhead now.", func(m *metrics) *atomic.Int64 { return &m.bulkheadWaiting }),
		seconds("squall_bulkhead_seconds_total", "Time that calls waited for a place in a bulkhead.", func(m *metrics) *atomic.Int64 { return &m.bulkheadTime }),
		count("squall_bulkhead_rejected_total", "Calls not made because a bulkhead and its queue were full.", func(m *metrics) *atomic.Int64 { return &m.bulkheadRejected }),
		count("squall_throttled_total", "Calls not made because the throttle expected the dependency to reject them.", func(m *metrics) *atomic.Int64 { return &m.throttled }),
		count("squall_deadline_exceeded_total", "Requests given up because the time that their caller had left was over.", func(m *metrics) *atomic.Int64 { return &m.deadlineExceeded }),
		count("squall_wasted_total", "Requests whose steps were all done when their caller had left.", func(m *metrics) *atomic.Int64 { return &m.wasted }),
		seconds("squall_wasted_seconds_total", "Time of work steps after their caller had left, and CPU time of compute steps begun after.", func(m *metrics) *atomic.Int64 { return &m.wastedTime }),
		{"squall_replication_lag_seconds", "gauge", "Replica: how old what it shows is, at most: the age of its last record when that was applied, or of the last word from the primary that there is no newer one.", func(m *metrics) float64 { return m.replicationLag() }},
		gauge("squall_replicas_connected", "Primary: replicas that it streams to now.", func(m *metrics) *atomic.Int64 { return &m.replicasConnected }),
		count("squall_streamed_records_total", "Records of the write-ahead log sent to replicas, or taken from the primary.", func(m *metrics) *atomic.Int64 { return &m.streamedRecords }),
		count("squall_streamed_bytes_total", "Bytes of these.", func(m *metrics) *atomic.Int64 { return &m.streamedBytes }),
		seconds("squall_sync_seconds_total", "Primary: time that writes waited until replicas had them (replication: sync).", func(m *metrics) *atomic.Int64 { return &m.syncTime }),
		count("squall_read_only_total", "Writes refused (25006) because this database is a replica, or no primary any more.", func(m *metrics) *atomic.Int64 { return &m.readOnly }),
		count("squall_stale_reads_total", "Reads from a replica that did not have yet what the same user had written.", func(m *metrics) *atomic.Int64 { return &m.staleReads }),
		count("squall_primary_reads_total", "Reads sent to the primary because the replica did not have the user's own writes yet.", func(m *metrics) *atomic.Int64 { return &m.primaryReads }),
		gauge("squall_connections", "Connections open now: of a database, or of a node that bounds them.", func(m *metrics) *atomic.Int64 { return &m.connectionsOpen }),
		count("squall_connections_refused_total", "Database connections refused at the limit.", func(m *metrics) *atomic.Int64 { return &m.connectionsRefused }),
		count("squall_reads_total", "Rows asked for.", func(m *metrics) *atomic.Int64 { return &m.reads }),
		count("squall_writes_total", "Writes acknowledged.", func(m *metrics) *atomic.Int64 { return &m.writes }),
		seconds("squall_lock_seconds_total", "Time that writes waited for the lock of their key.", func(m *metrics) *atomic.Int64 { return &m.lockTime }),
		gauge("squall_outbox_backlog", "Events in the outbox when it was last looked into, by the instance that publishes them; 0 for others.", func(m *metrics) *atomic.Int64 { return &m.outboxBacklog }),
		count("squall_published_total", "Events of an outbox that their queue has acknowledged.", func(m *metrics) *atomic.Int64 { return &m.published }),
		count("squall_republished_total", "Attempts to publish an event that this instance had tried to publish before.", func(m *metrics) *atomic.Int64 { return &m.republished }),
		count("squall_repeated_writes_total", "Idempotent writes and messages that were there already, and so acknowledged and not made again.", func(m *metrics) *atomic.Int64 { return &m.repeated }),
		count("squall_log_syncs_total", "Syncs of the write-ahead log to disk; writes over syncs is the size of a group commit.", func(m *metrics) *atomic.Int64 { return &m.logSyncs }),
		count("squall_log_bytes_total", "Bytes appended to the write-ahead log.", func(m *metrics) *atomic.Int64 { return &m.logBytes }),
		count("squall_log_torn_bytes_total", "Bytes cut off the end of the log at start: writes that were never acknowledged.", func(m *metrics) *atomic.Int64 { return &m.logTorn }),
		count("squall_messages_total", "Messages accepted.", func(m *metrics) *atomic.Int64 { return &m.messages }),
		count("squall_queue_full_total", "Messages refused (503) because as many waited as may.", func(m *metrics) *atomic.Int64 { return &m.queueFull }),
		gauge("squall_backlog", "Messages not yet delivered (to some subscriber).", func(m *metrics) *atomic.Int64 { return &m.backlog }),
		count("squall_delivered_total", "Messages delivered and acknowledged.", func(m *metrics) *atomic.Int64 { return &m.delivered }),
		count("squall_redelivered_total", "Delivery attempts beyond a message's first.", func(m *metrics) *atomic.Int64 { return &m.redelivered }),
		count("squall_replayed_total", "Messages delivered once more by a replay.", func(m *metrics) *atomic.Int64 { return &m.replayed }),
		count("squall_expired_total", "Messages given up because they had waited for longer than their ttl.", func(m *metrics) *atomic.Int64 { return &m.expired }),
		count("squall_dead_total", "Messages given up because the receiver refused them (4xx), or did not take them in as many attempts as they have.", func(m *metrics) *atomic.Int64 { return &m.dead }),
	}
}

// counters are all metrics by their names.
func (m *metrics) counters() map[string]float64 {
	out := make(map[string]float64)
	for _, row := range m.table() {
		out[row.name] = row.value(m)
	}
	for _, one := range m.told() {
		out[one.full()] = one.value()
	}
	return out
}

// write gives the metrics in the Prometheus text format, version 0.0.4, each with the given labels.
func (m *metrics) write(w io.Writer, labels string) error {
	for _, row := range m.table() {
		if _, err := fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s{%s} %g\n",
			row.name, row.help, row.name, row.kind, row.name, labels, row.value(m)); err != nil {
			return err
		}
	}
	headed := map[string]bool{}
	for _, one := range m.told() {
		if !headed[one.name] {
			fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", one.name, one.help, one.name, one.kind)
			headed[one.name] = true
		}
		if _, err := fmt.Fprintf(w, "%s{%s,%s} %g\n", one.name, labels, one.label, one.value()); err != nil {
			return err
		}
	}
	return nil
}
