package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/internal/ask"
	"github.com/squallhq/squall/internal/sleep"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/monitoring"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// Prometheus is asked which alerts fire. It is of one run and one goroutine.
type Prometheus struct {
	at     string
	every  time.Duration
	header http.Header
	client *http.Client
	// wanted are the names of the alerts that are told; nil: all.
	wanted []string
	firing map[string]record.Alert // by labels, as it answered last
}

// The bounds of one question.
const (
	alertsTime  = 2 * time.Second
	alertsBytes = 4 << 20
	// alertsMost is how many alerts may fire of those that are wanted.
	alertsMost = 200
	lookupTime = 5 * time.Second
)

// Outside is a Prometheus that is outside this machine, where nobody has allowed to send there.
type Outside struct {
	Address string
	At      []netip.Addr
}

func (o *Outside) Error() string {
	return fmt.Sprintf("alerts are asked of %s, which is outside this machine (%s): --allow-external allows it", o.Address, o.At[0].Unmap())
}

// FindPrometheus finds where a scenario's monitoring is; an *Outside where that is another machine, unless that is allowed. What it found is what
// is asked, whatever a name stands for later.
func FindPrometheus(ctx context.Context, s *scenarios.Scenario, allowExternal bool) (*Prometheus, error) {
	address, err := s.Alerts.Address()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", address.Hostname())
	if err != nil {
		return nil, fmt.Errorf("find the Prometheus that is asked for alerts: %w", err)
	}
	if !allowExternal && slices.ContainsFunc(found, func(a netip.Addr) bool { return !a.Unmap().IsLoopback() }) {
		return nil, &Outside{Address: address.Host, At: found}
	}
	p := &Prometheus{at: strings.TrimSuffix(address.String(), "/"), every: s.Alerts.Interval(), header: http.Header{}, wanted: s.AlertsWanted(),
		firing: map[string]record.Alert{}}
	for name, value := range s.Alerts.Headers {
		p.header.Set(name, value)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(to)
		if err != nil {
			return nil, err
		}
		var errs []error
		for _, a := range found {
			c, err := new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(a.Unmap().String(), port))
			if err == nil {
				return c, nil
			}
			errs = append(errs, err)
		}
		return nil, errors.Join(errs...)
	}}
	p.client = &http.Client{Transport: transport, Timeout: alertsTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // it would lead elsewhere
	return p, nil
}

// Follow asks it for as long as the run takes orders, or until ctx ends.
func (p *Prometheus) Follow(ctx context.Context, hands *runner.Hands) {
	defer p.client.CloseIdleConnections()
	for {
		if _, err := hands.Status(ctx); err == nil {
			break
		} else if !errors.Is(err, runner.ErrNotYet) || sleep.For(ctx, soon) != nil {
			return
		}
	}
	for {
		began := time.Now()
		changes, err := p.Look(ctx)
		told := monitoring.Told{At: p.at, Every: p.every, Changes: changes, Err: err}
		if hands.Monitored(ctx, told) != nil || sleep.For(ctx, p.every-time.Since(began)) != nil {
			return
		}
	}
}

// soon is when to look again whether the run takes orders.
const soon = 50 * time.Millisecond

// alerts is what Prometheus answers to GET /api/v1/alerts, as far as it is read.
type alerts struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Alerts []struct {
			Labels   map[string]string `json:"labels"`
			State    string            `json:"state"`
			ActiveAt time.Time         `json:"activeAt"`
		} `json:"alerts"`
	} `json:"data"`
}

// Look asks once, and returns what has changed since the answer before: of the first one, all that fires.
func (p *Prometheus) Look(ctx context.Context) ([]monitoring.Alert, error) {
	answer, err := ask.JSON(ctx, p.client, http.MethodGet, p.at+"/api/v1/alerts", p.header, nil, alertsBytes)
	if err != nil {
		return nil, plainly(err)
	}
	var told alerts
	switch err := json.Unmarshal(answer.Body, &told); {
	case answer.Code != http.StatusOK:
		return nil, fmt.Errorf("it answers %s", answer.Status)
	case len(answer.Body) >= alertsBytes:
		return nil, fmt.Errorf("its answer is larger than %d MB", alertsBytes>>20)
	case err != nil:
		return nil, errors.New("its answer is none of Prometheus' /api/v1/alerts")
	case told.Status != "success":
		return nil, fmt.Errorf("it answers %s: %s", oneLine(told.Status), oneLine(told.Error))
	}
	return p.changes(told)
}

// plainly is why a question had no answer, without its address, which is told beside it.
func plainly(err error) error {
	if failed, is := errors.AsType[*url.Error](err); is {
		return failed.Err
	}
	return err
}

func (p *Prometheus) changes(told alerts) ([]monitoring.Alert, error) {
	now := map[string]record.Alert{}
	var out []monitoring.Alert
	for _, a := range told.Data.Alerts {
		name := oneLine(a.Labels["alertname"])
		if a.State != "firing" || name == "" || p.wanted != nil && !slices.Contains(p.wanted, name) {
			continue
		}
		labels := map[string]string{}
		for label, value := range a.Labels {
			if label != "alertname" {
				labels[oneLine(label)] = oneLine(value)
			}
		}
		alert := record.Alert{Name: name, Firing: true, Labels: labels}
		key := fmt.Sprint(name, labels) // maps are printed in order
		if _, before := p.firing[key]; !before && now[key].Name == "" {
			out = append(out, monitoring.Alert{Alert: alert, Active: a.ActiveAt})
		}
		if now[key] = alert; len(now) > alertsMost {
			return nil, fmt.Errorf("more than %d alerts fire: have each alerted_within say which it means (alert: NAME)", alertsMost)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.firing)) {
		if _, still := now[key]; !still {
			gone := p.firing[key]
			gone.Firing = false
			out = append(out, monitoring.Alert{Alert: gone})
		}
	}
	p.firing = now
	return out, nil
}
