package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/record"
)

const (
	prefix         = "OTEL_EXPORTER_OTLP_"
	defaultTimeout = 10 * time.Second
	// defaultInterval is between two sendings of a run under way.
	defaultInterval = 10 * time.Second
)

// FromEnvironment is the exporter that the environment asks for; get is os.Getenv. Where it names no endpoint nothing is sent. A value
// that makes no sense is an error, which names the variable and never its value where that may be a secret.
func FromEnvironment(get func(string) string) (*Exporter, error) {
	e := &Exporter{attributes: map[string]string{"service.name": "squall"}, client: &http.Client{}, told: map[record.Event]int{}}
	if strings.EqualFold(get("OTEL_SDK_DISABLED"), "true") {
		return e, nil
	}
	for signal, to := range map[string]*destination{"TRACES": &e.traces, "METRICS": &e.metrics, "LOGS": &e.logs} {
		if err := to.read(get, signal); err != nil {
			return nil, err
		}
	}
	if !e.Sends() {
		return e, nil
	}
	var err error
	if e.interval, err = milliseconds("OTEL_METRIC_EXPORT_INTERVAL", get("OTEL_METRIC_EXPORT_INTERVAL"), defaultInterval); err != nil {
		return nil, err
	}
	given, err := pairs("OTEL_RESOURCE_ATTRIBUTES", get("OTEL_RESOURCE_ATTRIBUTES"))
	if err != nil {
		return nil, err
	}
	maps.Copy(e.attributes, given)
	if name := get("OTEL_SERVICE_NAME"); name != "" {
		e.attributes["service.name"] = name
	}
	if file := get(prefix + "CERTIFICATE"); file != "" {
		if e.client.Transport, err = trusting(file); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// read takes a signal's own variables, or else those of all.
func (d *destination) read(get func(string) string, signal string) error {
	if get("OTEL_"+signal+"_EXPORTER") == "none" {
		return nil
	}
	own := func(name string) (variable, value string) {
		if v := get(prefix + signal + "_" + name); v != "" {
			return prefix + signal + "_" + name, v
		}
		return prefix + name, get(prefix + name)
	}
	variable, endpoint := own("ENDPOINT")
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%s is not the URL of an OTLP endpoint: give one as in http://127.0.0.1:4318", variable)
	}
	if variable == prefix+"ENDPOINT" {
		u = u.JoinPath("v1", strings.ToLower(signal))
	}
	variable, protocol := own("PROTOCOL")
	if protocol != "" && protocol != "http/protobuf" {
		return fmt.Errorf("%s is %s: squall speaks http/protobuf alone, which collectors take at port 4318", variable, protocol)
	}
	variable, headers := own("HEADERS")
	if d.headers, err = pairs(variable, headers); err != nil {
		return err
	}
	variable, timeout := own("TIMEOUT")
	if d.timeout, err = milliseconds(variable, timeout, defaultTimeout); err != nil {
		return err
	}
	d.url = u.String()
	return nil
}

func milliseconds(variable, value string, otherwise time.Duration) (time.Duration, error) {
	if value == "" {
		return otherwise, nil
	}
	ms, err := strconv.Atoi(value)
	if err != nil || ms <= 0 {
		return 0, fmt.Errorf("%s is %q: give milliseconds above zero, as in 10000", variable, value)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// pairs reads a=b,c=d, where values are percent-encoded.
func pairs(variable, text string) (map[string]string, error) {
	out := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, is := strings.Cut(pair, "=")
		if value, err := url.PathUnescape(strings.TrimSpace(value)); is && err == nil && strings.TrimSpace(name) != "" {
			out[strings.TrimSpace(name)] = value
			continue
		}
		return nil, fmt.Errorf("%s is not pairs as in name=value,other=value", variable)
	}
	return out, nil
}

func trusting(file string) (*http.Transport, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %sCERTIFICATE: %w", prefix, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%sCERTIFICATE: there is no certificate in %s", prefix, file)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return transport, nil
}

func sorted(of map[string]string) []string { return slices.Sorted(maps.Keys(of)) }
