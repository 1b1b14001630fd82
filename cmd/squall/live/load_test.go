package live

import (
	"bufio"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/squallhq/squall/runner/record"
)

const busy = `scenario: busy
topology:
  front: {kind: service, endpoints: {GET /x: [{call: stock GET /y}], GET /z: []}}
  stock: {kind: service, endpoints: {GET /y: []}}
load:
  users: {to: front, rate: 1000/s, requests: [{send: GET /z, weight: 4}, {send: GET /x}]}
warm_up: 1s
phases: [{name: steady, for: 8s}]
expect: [{in: steady, success: ">= 90%"}]
`

// A run of 1,000 requests a second with two people at its page keeps its schedule: everything is sent, and as near to its time as a busy machine
// lets it. What the page is brought is not much either.
func TestThePageTakesNothingFromTheLoad(t *testing.T) {
	r := run(t, busy)
	var viewers sync.WaitGroup
	for _, link := range []string{r.page, r.spectators} {
		c := letIn(t, link)
		c.Timeout = 0
		viewers.Go(func() { looks(t, c, strings.Split(link, "/?")[0]) })
	}
	if err := r.Wait(); err != nil {
		t.Fatalf("%v:\n%s", err, r.saying())
	}
	viewers.Wait()
	res, err := record.Read(r.out)
	if err != nil {
		t.Fatal(err)
	}
	g := res.Generator
	t.Logf("sent %.1f/s of %.1f/s, %d unsent, late by %.3f ms at the median, %.1f ms at p99", g.AchievedRate, g.IntendedRate, g.Unsent, g.LagMs.P50, g.LagMs.P99)
	if g.Unsent > 0 || g.Intended != 8000 || g.AchievedRate < 0.99*g.IntendedRate {
		t.Errorf("sent %.1f/s of %.1f/s: %d of %d unsent", g.AchievedRate, g.IntendedRate, g.Unsent, g.Intended)
	}
	if g.LagMs.P50 > 5 {
		t.Errorf("half of the requests are sent %.3f ms late", g.LagMs.P50)
	}
}

// looks on until the run is over, and fetches the report.
func looks(t *testing.T, c *http.Client, url string) {
	response, err := c.Get(url + "/events")
	if err != nil {
		t.Error(err)
		return
	}
	defer response.Body.Close()
	events, drawn := bufio.NewReader(response.Body), 0
	for {
		line, err := events.ReadString('\n')
		if err != nil {
			break
		}
		if line == "event: drawn\n" {
			drawn++
		}
	}
	if drawn < 5 {
		t.Errorf("the page was drawn %d times in 8 s", drawn)
	}
	if code, _ := asked(t, c, http.MethodGet, url+"/report", nil); code != http.StatusOK {
		t.Errorf("the report: %d", code)
	}
}
