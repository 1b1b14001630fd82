package objects

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios"
)

const (
	// builtInMemory bounds a built-in node that has no limit of its own, so that a queue that grows without end meets its limit and not
	// the machine's. AgentMemory is what the agent needs beside an instance: it is added to what the instance is given, since they are in one
	// container.
	builtInMemory = 1 << 30
	AgentMemory   = 64 << 20
	// What is asked for where the scenario asks for nothing: little, so that many fit on a machine.
	leastCPU    = "10m"
	leastMemory = 64 << 20
	// builtInData and temporaryData bound what a built-in node may write; more has its pod evicted.
	builtInData   = "4Gi"
	temporaryData = "64Mi"
	imageData     = "16Gi"
	binData       = "256Mi"
)

// resources are those of an instance: what its node says is its limit, and asked for as well, so that it has that and not only up to that. held
// is what its volumes in memory hold, which counts as memory.
func resources(n *scenarios.Node, held int64) kinds.Resources {
	r := kinds.Resources{Requests: map[string]string{"cpu": leastCPU, "memory": quantity(leastMemory)}, Limits: map[string]string{}}
	switch {
	case n.Memory > 0:
		r.Limits["memory"] = quantity(n.Memory + AgentMemory + held)
		r.Requests["memory"] = r.Limits["memory"]
	case n.BuiltIn():
		r.Limits["memory"] = Memory(n, 0)
	}
	if n.CPUs > 0 {
		r.Limits["cpu"] = Cores(n.CPUs)
		r.Requests["cpu"] = r.Limits["cpu"]
	}
	if len(r.Limits) == 0 {
		r.Limits = nil
	}
	return r
}

// resizes: other limits are no reason to start anew.
func resizes() []kinds.ResizePolicy {
	return []kinds.ResizePolicy{{ResourceName: "cpu", RestartPolicy: "NotRequired"}, {ResourceName: "memory", RestartPolicy: "NotRequired"}}
}

func meshResources() kinds.Resources {
	return kinds.Resources{Requests: map[string]string{"cpu": "10m", "memory": "32Mi"}, Limits: map[string]string{"memory": "512Mi"}}
}

func installResources() kinds.Resources {
	return kinds.Resources{Requests: map[string]string{"cpu": "10m", "memory": "32Mi"}, Limits: map[string]string{"memory": "256Mi"}}
}

// Memory is the limit of an instance's container that is to have so many bytes; 0: as many as its engine gives to one that names none.
func Memory(n *scenarios.Node, bytes int64) string {
	switch {
	case bytes > 0:
		return quantity(bytes + AgentMemory)
	case n.BuiltIn():
		return quantity(builtInMemory + AgentMemory)
	}
	return allMemory
}

// allMemory is more than any machine has.
const allMemory = "16Ti"

// More tells whether one quantity is more than another: of cores, or of bytes.
func More(a, b string) bool { return amount(a) > amount(b) }

// amount is a quantity as a number, in the spellings that a cluster uses.
func amount(text string) float64 {
	digits := strings.TrimRight(text, "mkKMGTPEi")
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0
	}
	return n * map[string]float64{
		"m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
	}[text[len(digits):]]
}

// Cores is a quantity of them, in thousandths: the least that there is.
func Cores(n float64) string { return strconv.Itoa(max(1, int(math.Round(n*1000)))) + "m" }

// quantity is bytes, in the largest unit in which they are whole.
func quantity(bytes int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10}} {
		if bytes >= unit.size && bytes%unit.size == 0 {
			return fmt.Sprintf("%d%s", bytes/unit.size, unit.name)
		}
	}
	return strconv.FormatInt(bytes, 10)
}
