package process_test

import (
	"os"
	"testing"

	"github.com/squallhq/squall/runner/engine/enginetest"
	"github.com/squallhq/squall/runner/engine/process"
)

func benchEngine(b *testing.B) *process.Engine {
	b.Setenv("SQUALL_STATE", b.TempDir())
	return process.New(process.Options{Exe: os.Args[0]})
}

func BenchmarkLaunch(b *testing.B) { enginetest.BenchmarkLaunch(b, benchEngine(b)) }
func BenchmarkFaults(b *testing.B) { enginetest.BenchmarkFaults(b, benchEngine(b)) }
