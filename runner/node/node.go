// Package node serves one instance of a built-in role: cdn, gateway, service, database, queue, stream, cache. A role takes its
// network from the Environment handed in, its time from package time and its chance from a generator seeded per node and
// request. Roles know nothing of engines, and nothing of each other: each is a room below internal, on rooms that they share.
package node

import "github.com/squallhq/squall/runner/node/internal/host"

// What an instance is told, and what it runs on.
type (
	// Config is everything that one instance needs to know.
	Config = host.Config
	// Upstream is one callee instance, reached over its edge.
	Upstream = host.Upstream
	// Environment is what an instance runs on.
	Environment = host.Environment
	// Disk holds an instance's files.
	Disk = host.Disk
	// File is one of them.
	File = host.File
	// CPU is what an instance computes with.
	CPU = host.CPU
)
