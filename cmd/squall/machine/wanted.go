package machine

import (
	"fmt"

	"github.com/squallhq/squall/report/spell"
)

// Line says of one thing how much there is, and whether that is what most plans want.
type Line struct {
	OK         bool
	What, Text string
}

// What most plans are well with: memory for forty processes, ports for a load of some thousand in flight, and files for the same.
const (
	filesWanted  = 4096
	memoryWanted = 500_000_000
	portsWanted  = 10000
)

// Wanted holds what there is against what most plans want, a line each; of what could not be read there is none.
func (r Readings) Wanted() (lines []Line) {
	add := func(ok bool, what, text string) { lines = append(lines, Line{ok, what, text}) }
	if r.Files != nil {
		add(*r.Files >= filesWanted, "files", fmt.Sprintf("%d open files allowed (%d or more are wanted: ulimit -n)", *r.Files, filesWanted))
	}
	for _, d := range r.Disks {
		text := fmt.Sprintf("%s free for %s (%s or more are wanted)", spell.Bytes(int64(d.Free)), d.What, spell.Bytes(diskWanted))
		if d.Full {
			text = d.What + " is on a disk that can take no more files"
		}
		add(!d.Full && d.Free >= diskWanted, "disk", text)
	}
	if r.Memory != nil {
		add(*r.Memory >= memoryWanted, "memory", fmt.Sprintf("%s left (%s or more are wanted)", spell.Bytes(int64(*r.Memory)), spell.Bytes(memoryWanted)))
	}
	if r.Ports != nil {
		add(*r.Ports >= portsWanted, "ports", fmt.Sprintf("%d for connections (%d or more are wanted: net.ipv4.ip_local_port_range)", *r.Ports, portsWanted))
	}
	return lines
}
