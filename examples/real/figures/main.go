// Command figures runs the examples over real parts with those in containers and with the built-in nodes that stand in for them in
// virtual time, and writes both as the Markdown table that examples/REAL.md holds. `make real` calls it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/internal/shipped"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

const head = `# Built-in nodes against the real ones

Written by ` + "`make real`" + `. Each scenario of [examples/real](real) is run twice: with built-in nodes in virtual time, and with the real parts in containers, in which the services
and the load are the same. The parts: %s.

Latencies are p50 and p99 in ms, from the intended time. Virtual time charges nothing for the machine: a hop through the mesh, a container's network, a disk's sync and the
scheduling of two cores are in the real figures alone. A design is judged by what is left: success, what is lost, and how latencies move from phase to phase.

Where they differ, as far as is known: a run in real time whose generator or faults a busy machine makes late is inconclusive, and its p99 is the machine's. A median of a phase of which
nearly half was cut off lies between those that waited and those that did not, and a few requests move it far. Without grace Varnish keeps a failed fetch that others waited for, as an error, for a second and five of its own grace: it
fails more readers, and at once, where the built-in cdn lets each wait for its origin.

`

const columns = "| scenario | phase, request | success built in | real | p50 built in | real | p99 built in | real |\n|---|---|--:|--:|--:|--:|--:|--:|\n"

// images are the variables by which the examples name the images of parts.
var images = []struct {
	variable string
	part     debimage.Part
}{
	{"POSTGRES_IMAGE", debimage.Postgres}, {"REDIS_IMAGE", debimage.Redis}, {"RABBITMQ_IMAGE", debimage.RabbitMQ},
	{"NGINX_IMAGE", debimage.Nginx}, {"VARNISH_IMAGE", debimage.Varnish},
}

func main() {
	squall := flag.String("squall", "bin/squall", "the program")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := write(ctx, os.Stdout, *squall, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, w io.Writer, squall string, files []string) error {
	var names []string
	for _, image := range images {
		name, err := debimage.Make(ctx, image.part)
		if err != nil {
			return fmt.Errorf("make an image with %s: %w", image.part, err)
		}
		if err := os.Setenv(image.variable, name); err != nil {
			return err
		}
		_, version, _ := strings.Cut(name, ":")
		version, _, _ = strings.Cut(version, "-")
		names = append(names, fmt.Sprintf("%s %s", image.part, version))
	}
	fmt.Fprintf(w, head+columns, strings.Join(names, ", "))
	var verdicts strings.Builder
	agree, of := 0, 0
	for _, file := range files {
		s, err := language.LoadFile(file, "")
		if err != nil {
			return err
		}
		for _, variant := range append([]string{""}, s.Variants...) {
			built, err := shipped.Told(ctx, squall, "virtual", file, variant)
			if err != nil {
				return err
			}
			real, err := shipped.Told(ctx, squall, "docker", file, variant)
			if err != nil {
				return err
			}
			rows(w, built, real)
			fmt.Fprintf(&verdicts, "| %s | %s | %s | %s | %s |\n", title(real), built.Verdict, real.Verdict, writes(built), writes(real))
			if of++; built.Verdict == real.Verdict {
				agree++
			}
		}
	}
	fmt.Fprintf(w, "\n| scenario | verdict built in | real | writes built in | real |\n|---|---|---|---|---|\n%s\n%d of %d verdicts agree.\n", &verdicts, agree, of)
	return nil
}

// rows writes a row for each request of each phase.
func rows(w io.Writer, built, real *record.Result) {
	for i, p := range real.Phases {
		for j, q := range p.Requests {
			b := built.Phases[i].Requests[j]
			fmt.Fprintf(w, "| %s | %s, %s | %s | %s | %.1f | %.1f | %.1f | %.1f |\n", title(real), p.Name, strings.ReplaceAll(q.Request, "|", `\|`),
				success(b), success(q), b.LatencyMs.P50, q.LatencyMs.P50, b.LatencyMs.P99, q.LatencyMs.P99)
		}
	}
}

func title(r *record.Result) string {
	if r.Variant == "" {
		return r.Scenario
	}
	return r.Scenario + " / " + r.Variant
}

func success(q record.Request) string {
	if q.Sent == 0 {
		return "none sent"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(q.OK+q.Degraded)/float64(q.Sent))
}

// writes says what became of them.
func writes(r *record.Result) string {
	switch w := r.Writes; {
	case w.Acknowledged == 0:
		return "none"
	case !w.Checked:
		return fmt.Sprintf("%d acknowledged, not read back", w.Acknowledged)
	default:
		return fmt.Sprintf("%d acknowledged, %d lost, %d twice", w.Acknowledged, w.Lost, w.Duplicated)
	}
}
