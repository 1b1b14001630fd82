package cluster

// stay is what Up tells the process that serves a cluster when it is ready. Where Up ends without a word, so does the cluster.
const stay = "stay\n"

// self is this program, even where its file is gone: `go run` removes it.
const self = "/proc/self/exe"

// goAhead is what a machine waits for before it sets itself up: its network's cable has been put in.
const goAhead = "go\n"
