package report

// Term is one word of the reports and exactly what it means here.
type Term struct {
	Name    string
	Meaning string
}

// Terms are the definitions that every figure of a report follows; `squall explain TERM` prints them.
var Terms = []Term{
	{"intended request", `A request that the load's schedule wants sent, whether or not it was sent in time, or at all.
Latency counts from the intended time. Every figure's total is intended requests. A request counts to the phase it was
intended in; but one still unanswered when a fault came on, or intended in the 50 ms in which one was lifted, to the fault's.`},
	{"latency", `From the time a request was intended to be sent until its answer had been read whole. A stall of the
system cannot hide the requests that it kept from being sent (no coordinated omission). Expectations and
reports are about answers, ok and degraded: what is refused at once takes no time, and would make a system that
sheds or is down look fast. latency_of: all | ok | failed says otherwise. result.json has all of them (latency_ms,
answer_ms, ok_ms, failed_ms), and service_ms, from the time it was really sent.`},
	{"edge latency", `From a request's first byte on an edge to its answer's, as the mesh saw them on the wire: that of the callee, faults of
the edge included. It is of every answer that came, whatever the caller made of it: of one that failed, and of one whose caller
had left by then. A percentile of it can so be above the caller's timeout, and edges[].answer_ms of result.json count more
answers than were ok. What waited and never got a first byte is not in it, nor is the wait for a connection: behind dropped SYNs
a caller waits for seconds while its edge's answers take no longer than before.`},
	{"percentile", `The nearest rank: p99 of n latencies is the one of rank ceil(0.99 n), so one slow request of 60 is their p99.
It takes as many answers as make it nearer to one beyond it than to none: 5 for p90, 10 for p95, 50 for p99,
500 for p99.9. Of fewer it is unknown, and an expectation can't be told, but where more of them are over the
bound than chance allows at its confidence: then it fails.`},
	{"confidence", `How sure a verdict on a share is: 95% where the expectation does not say. The one-sided bounds of Clopper and
Pearson decide: success >= 99.9% passes where less would give so good a sample with a chance of 5% at most (2995 of
2995, not 300 of 300), fails where 99.9% would give so bad a one with that chance at most, and can't be told
between them. They are exact for independent requests. A bound of 0% or 100%, and ==, are about the run's own requests.`},
	{"sample", `What a figure is of. An expectation whose figure has none can't be told: no writes lost of none acknowledged,
no stale reads among requests that all failed, no backlog where no message came show nothing.`},
	{"outcome", `ok: an answer with a status below 400, but for a redirect (3xx) that nobody declared: an endpoint that
responds with one, or redirect: true. degraded: such an answer that says it is second best (a
fallback, a stale copy). failed: everything else, with its class: refused, reset, timeout, eof, body,
a status such as 503, or unsent. ok + degraded + failed = sent, always.`},
	{"availability", `(ok + degraded) / intended. Expectations call it success.`},
	{"goodput", `ok and degraded answers a second. Throughput counts failed ones too, attempts a second count retries:
goodput is what users got.`},
	{"steady state", `Each second's success and p99 in the phases before the first fault. A second is within the band when its
success and p99 are no worse than that by more than its own noise.
Where the steady state does not hold before the first fault, the run is inconclusive.`},
	{"coverage", `Of the requests that crossed a fault's edges while it was to be on, the share that met it: with an answer, and those
that waited for one when it began; what was refused counts as both, and so does each SYN that was dropped. It is below 100%
where the fault is for a share of them, and where somebody took it off by hand; of connections where no request came through.`},
	{"toxiproxy api", `Every edge is a proxy of toxiproxy's HTTP API (loopback), for toxiproxy-cli and toxiproxy's client libraries.
Whatever is done through it is told of: toxics added, changed and removed, POST /reset, proxies disabled, enabled, moved,
created and deleted, each with its time and with what met it. An edge of the run can't be deleted (409), since that
would cut its callers off for good: disable it, which enabling it or POST /reset takes back. A slicer that is added
there cuts as toxiproxy's does (it halves what one read brought until no part is larger than average_size +
size_variation, so that most are smaller); with the attribute "slicing": "mean" it cuts pieces of that mean size.`},
	{"time to detect", `From when a fault was applied, as measured, to the first second outside the steady state.
"Not felt" where there is none.`},
	{"time to recover", `Two clocks, both to the first of three seconds in a row within the steady state: recovered_after_s from
when the fault was gone, recovered_from_onset_s from when it was applied. Where it did not happen by the
end of the run it is not a number: "not by the end"; where so little went well before the fault that a second of failures alone
would be within the steady state, it is "unknown". For a change that stays (until: end) both count from when it was made.`},
	{"metastable", `Goodput that stays down after its fault is gone, for the whole of a long enough watch, though the load is
no higher than before: the system keeps itself down (by retries, a queue, a cold cache).`},
	{"amplification", `Attempts over the edges between two nodes for each organic one: an attempt that no retry, there or further
up, has caused. 1.00x means no retries; three layers with three attempts each make 27x.`},
	{"wasted work", `Work done for a caller that had already given up: each node's squall_wasted_total (requests) and
squall_wasted_seconds_total (time) in result.json.`},
	{"open loop", `Requests arrive by the schedule whatever happened to earlier ones, as independent users do. A closed load
(users:) waits for each answer first; a partly open one (session:) opens sessions and is closed within them.`},
	{"generator lag", `How late the generator sent a request after its intended time. A generator that could not keep its
schedule makes the run inconclusive, never pass.`},
	{"receipt", `What met a fault while it was on, counted where it was injected. What is done once (promote, flush,
replay) says what it did. A fault that nothing met makes the run inconclusive: it showed nothing.`},
	{"Little's law", `In flight on average = rate x mean latency (L = lambda W). The run checks that its own figures keep it.`},
	{"flow conservation", `What was intended is ok, degraded or failed, and what was sent is what the mesh saw enter. The run checks both.`},
	{"edge", `A connection from one caller to one instance. Every one passes the mesh, so a fault can hit one
direction of one connection of one replica. In a report's rows of edges, attempts are the callers' own count, p99 is edge latency, and
hit by names the faults that were on it or on an instance at one of its ends (see: squall explain edge latency, gave up, amplification).`},
	{"bad for", `Of a phase's seconds, those in which more than 1% of a request failed, or a tenth of its answers took more than twice as
long as in the steady phase, and 20 ms more. A report's rows of requests have it; "(steady)" beside a figure is
the same figure of the first phase with no fault on in which next to nothing failed.`},
	{"lost or late", `What findings count of the requests of those whom they name: failed, cut by a fault, and answered, but later: more than twice
as late as the answer of the same rank in the steady phase (the 90th of 100 beside the 9th of 10), and 20 ms more, where a
hundredth of them were. Where an expectation did not hold it is the answers that missed its bounds, if those are more. It is
all that they lost in that time, of which the finding may be one cause of several.`},
	{"gave up", `Attempts that the caller gave up, as its own caller was gone or another attempt was faster: neither ok nor failed.
ok + failed + gave up + under way = attempts, always.`},
	{"writes lost", `Writes that an answer to a user acknowledged and that are not in their database at the end. Duplicated: there more than once.
Of a load with a read_back, whose writes have ids of their own, there are besides: reordered, those that stand behind a write of their
key that was sent when they had been acknowledged; unknown, those that were sent and whose users can't know what became of them
(no answer, or one of 5xx), which are no losses; refused (never sent, or 4xx); stale reads, a user's looks at its own acknowledged write that
do not show it. writes.jsonl in the run's folder has every one.`},
	{"result.json", `The record of a run, in its folder; every report, comparison and baseline is made from it and the files beside it
(windows.jsonl, series.jsonl, traces.jsonl, writes.jsonl). docs/result.json.md of Squall's repository says what each field holds, with its unit.
Fields are added, never renamed. null could not be told: it is never zero.`},
	{"compare.json", `What squall compare prints with --format json and keeps with --out; sweep.json and capacity.json are those of squall sweep and
squall capacity, and begin with the same fields. docs/answers.json.md of Squall's repository says what each field holds, with its unit.`},
	{"from the environment", `Values of a scenario that are filled in when it is read: ${NAME}; ${NAME:-default}, where it is unset or empty
(${NAME-default}: unset); ${NAME:?message}, where it must be there. $$ is a dollar sign. What is filled in reads as if it stood there without
quotes; in brackets and braces, write it in quotes. Keys are never filled. Below env, dsn, command, headers, api_key, body, secret and their
like no record, log, plan or report ever has what was filled in: scenario.yaml as run has ${NAME} there, and two runs with other
secrets are of one digest. Anywhere else it is written out.`},
}
