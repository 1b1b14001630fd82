package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

// mostAlerts bounds what an alert manager may send at once.
const mostAlerts = 1 << 20

// webhook is what Prometheus' Alertmanager sends to its receivers (webhook_configs, version 4), as far as it is read.
type webhook struct {
	Alerts []struct {
		Status string            `json:"status"`
		Labels map[string]string `json:"labels"`
	} `json:"alerts"`
}

// ServeAlerts takes alerts at an address of this machine that an alert manager's webhook may call, until close is called: what it can do is say
// that something fires. at is its URL.
func ServeAlerts(address string, hands *runner.Hands) (at string, close func() error, err error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", nil, fmt.Errorf("alerts are taken on loopback addresses alone, not at %q: give one as in 127.0.0.1:9095", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, fmt.Errorf("listen for alerts: %w", err)
	}
	server := &http.Server{Handler: alerting(hands), ReadHeaderTimeout: headerTime, IdleTimeout: askTime}
	go func() { _ = server.Serve(listener) }() // until it is closed
	return "http://" + listener.Addr().String(), server.Close, nil
}

// alerting answers an alert manager; what it takes for a failure it sends again.
func alerting(hands *runner.Hands) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case Elsewhere(r):
			answer(w, http.StatusForbidden, Done{Error: "alerts are refused to web pages of elsewhere"})
			return
		case r.Method != http.MethodPost:
			answer(w, http.StatusMethodNotAllowed, Done{Error: "an alert manager posts its alerts"})
			return
		}
		var sent webhook
		if err := json.NewDecoder(io.LimitReader(r.Body, mostAlerts)).Decode(&sent); err != nil {
			answer(w, http.StatusBadRequest, Done{Error: "read the alerts: " + err.Error()})
			return
		}
		alerts, err := sent.told()
		if err != nil {
			answer(w, http.StatusBadRequest, Done{Error: err.Error()})
			return
		}
		if err := hands.Alert(r.Context(), alerts); err != nil {
			answer(w, status(err), Done{Error: err.Error()})
			return
		}
		answer(w, http.StatusOK, Done{})
	})
}

// told are the alerts as the record has them.
func (h webhook) told() ([]record.Alert, error) {
	if len(h.Alerts) == 0 {
		return nil, errors.New("there are no alerts in it: an Alertmanager's webhook has alerts")
	}
	var out []record.Alert
	for _, a := range h.Alerts {
		name := oneLine(a.Labels["alertname"])
		if name == "" {
			return nil, errors.New("an alert has no label alertname")
		}
		labels := map[string]string{}
		for label, value := range a.Labels {
			if label != "alertname" {
				labels[oneLine(label)] = oneLine(value)
			}
		}
		out = append(out, record.Alert{Name: name, Firing: a.Status != "resolved", Labels: labels})
	}
	return out, nil
}

// alert is what a person tells of that was alerted.
func (o Options) alert(ctx context.Context, by runner.By, asked Asked) (Done, error) {
	name := oneLine(asked.Text)
	if name == "" {
		return Done{}, errors.New("an alert has a name: give its text")
	}
	who := by.Who
	if who == "" {
		who = by.Door
	}
	return Done{}, o.Hands.Alert(ctx, []record.Alert{{Name: name, Firing: true, By: who}})
}
