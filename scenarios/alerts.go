package scenarios

import (
	"errors"
	"net/url"
	"time"
)

// Alerts says where monitoring is asked which alerts fire.
type Alerts struct {
	// A Prometheus, or what answers as one does (/api/v1/alerts), that is asked while the run goes on which alerts fire: those that alerted_within
	// names, or all where one of these names none. http://127.0.0.1:9090, or with --allow-external one outside this machine.
	Prometheus string `yaml:"prometheus" need:"yes" json:"prometheus"`
	// How often it is asked. Default 1s: an alert is told so much late at the most. A question has 2s.
	Every time.Duration `yaml:"every" sign:"positive" min:"200ms" max:"1m" json:"every,omitempty"`
	// Headers of each question, such as Authorization: "Bearer ${PROMETHEUS_TOKEN}". No record has them.
	Headers map[string]string `yaml:"headers" json:"-"`
}

// DefaultAlertsEvery is how often monitoring is asked where the scenario does not say.
const DefaultAlertsEvery = time.Second

// Interval is how often it is asked.
func (a *Alerts) Interval() time.Duration {
	if a.Every == 0 {
		return DefaultAlertsEvery
	}
	return a.Every
}

// Address is where it is asked; an error says what is wrong with what the scenario gives.
func (a *Alerts) Address() (*url.URL, error) {
	u, err := url.Parse(a.Prometheus)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, errors.New("it is no URL as in http://127.0.0.1:9090")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("it is asked by http or https")
	case u.User != nil:
		return nil, errors.New(`a password in it would be told: write headers: {Authorization: "Basic ${NAME}"}`)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("it has a query: write the address that /api/v1/alerts is below")
	}
	return u, nil
}

// AlertsWanted are the names of the alerts that are expected; nil: any may be the one.
func (s *Scenario) AlertsWanted() []string {
	var names []string
	for _, e := range s.Expect {
		switch {
		case e.Alerted == 0:
		case e.Alert == "":
			return nil
		default:
			names = append(names, e.Alert)
		}
	}
	return names
}
