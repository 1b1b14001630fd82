package faults

import "fmt"

// FullDisk fills a volume of each instance's: what is written to it finds no space left on the device.
type FullDisk struct {
	// Which volume: where it is in the image, as in /var/lib/postgresql/data. Default the one that has a size.
	Volume string `yaml:"volume" json:"volume,omitempty"`
	// How much is left free, as in 1MB. Default nothing.
	Leave int64 `yaml:"leave" zero:"unset" unit:"size" json:"leave,omitempty"`
}

var (
	_ Kind    = FullDisk{}
	_ Checker = FullDisk{}
)

// Kind is "full_disk".
func (FullDisk) Kind() string { return "full_disk" }

func (f FullDisk) String() string {
	s := "full disk"
	if f.Volume != "" {
		s += " " + f.Volume
	}
	if f.Leave > 0 {
		s += " but for " + size(float64(f.Leave))
	}
	return s
}

// Scope is instances.
func (FullDisk) Scope() Scope { return ScopeInstances }

// Validate refuses to leave less than nothing.
func (f FullDisk) Validate() error {
	if f.Leave < 0 {
		return fmt.Errorf("leave can't be negative, it is %s", size(float64(f.Leave)))
	}
	return nil
}

// Check wants images with a volume of a size: another is as large as the machine's own disk, which is nobody's to fill.
func (f FullDisk) Check(t Targets) error {
	for _, n := range t.Nodes {
		if _, err := f.volume(n); err != nil {
			return err
		}
	}
	return nil
}

// volume is the one that it fills of a node.
func (f FullDisk) volume(n Node) (Volume, error) {
	const add = "give it a volume with a size, as in volumes: [{target: /data, size: 64MB}]"
	if n.Image == "" {
		return Volume{}, fmt.Errorf("full_disk is for images that have a volume with a size (docker engine), and %q is built in", n.Name)
	}
	var sized []Volume
	for _, v := range n.Volumes {
		if v.Size > 0 && (f.Volume == "" || f.Volume == v.Target) {
			sized = append(sized, v)
		}
	}
	switch {
	case len(sized) == 0 && f.Volume != "":
		return Volume{}, fmt.Errorf("%q has no volume %s with a size: %s", n.Name, f.Volume, add)
	case len(sized) == 0:
		return Volume{}, fmt.Errorf("%q has no disk that can be filled: %s", n.Name, add)
	case len(sized) > 1:
		return Volume{}, fmt.Errorf("%q has several volumes with a size: say which, as in volume: %s", n.Name, sized[0].Target)
	case sized[0].ReadOnly:
		return Volume{}, fmt.Errorf("%q can't write to its volume %s anyway: it is read only there", n.Name, sized[0].Target)
	case f.Leave >= sized[0].Size:
		return Volume{}, fmt.Errorf("leave %s is all of the volume %s of %q: use less", size(float64(f.Leave)), sized[0].Target, n.Name)
	}
	return sized[0], nil
}

// Compile is one volume filled for each instance.
func (f FullDisk) Compile(t Targets) []Primitive {
	out := make([]Primitive, 0, len(t.Instances))
	for i, instance := range t.Instances {
		if i >= len(t.Nodes) {
			break
		}
		v, err := f.volume(t.Nodes[i])
		if err != nil {
			continue // Check has said so
		}
		out = append(out, Primitive{Op: OpFill, Instance: instance, Disk: &Disk{Volume: v.Target, Leave: f.Leave}})
	}
	return out
}

var fullDiskEntry = Entry{Word: "full_disk", Zero: FullDisk{}, Selection: SelectValue, Explain: Explanation{
	Summary: "A volume with a size is filled by a file .squall-full: what is written to it finds no space left on the device (images, docker engine).",
	New:     "as ever; what the instance can't write is its own to answer for",
	Open:    "as ever; what the instance can't write is its own to answer for",
	Lifted:  "the space is free again, and what has ended for want of it is started again; an empty file .squall-full stays",
	Example: "{full_disk: orders-db, for: 10s}",
}}
