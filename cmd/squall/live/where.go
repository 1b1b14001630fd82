package live

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/squallhq/squall/runner/authority"
)

// Where is where a page is served: its zero value is a free port of loopback.
type Where struct {
	// Address is HOST:PORT, by which browsers reach it. Outside of loopback it is served over TLS alone.
	Address string
	// Cert and Key are files of PEM; without them a certificate is made.
	Cert, Key string
}

// listening is a door that is open: where, and what browsers see of its certificate where one was made for it.
type listening struct {
	net.Listener
	url    *url.URL
	secure *tls.Config
	sum    string
}

// Wrong says what is wrong with it as it was given; nil: nothing is.
func (w Where) Wrong() error {
	if (w.Cert == "") != (w.Key == "") {
		return errors.New("a certificate has a key: give both --web-cert and --web-key, or neither")
	}
	if w.Address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(w.Address)
	if err != nil {
		return fmt.Errorf("--web-at %q is no address: give one as in 192.168.1.5:8443", w.Address)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return fmt.Errorf("--web-at %q is all addresses of this machine: give the one by which browsers reach it, as in 192.168.1.5:8443", w.Address)
	}
	return nil
}

func (w Where) listen(run string) (*listening, error) {
	if err := w.Wrong(); err != nil {
		return nil, err
	}
	if w.Address == "" {
		w.Address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(w.Address)
	if err != nil {
		return nil, err
	}
	out := &listening{url: &url.URL{Scheme: "http"}}
	if w.secure() {
		if err := out.secured(w, run, host); err != nil {
			return nil, err
		}
	}
	if out.Listener, err = net.Listen("tcp", w.Address); err != nil {
		return nil, fmt.Errorf("listen for the run's page: %w", err)
	}
	_, port, _ := net.SplitHostPort(out.Addr().String()) // it is one
	out.url.Host = net.JoinHostPort(host, port)
	return out, nil
}

// secure tells that it is served over TLS: where it is asked for, and outside of loopback.
func (w Where) secure() bool {
	host, _, err := net.SplitHostPort(w.Address)
	ip := net.ParseIP(host)
	return w.Cert != "" || err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// secured gives it a certificate: that of the files, or one that is made for this run and host.
func (l *listening) secured(w Where, run, host string) error {
	var pair tls.Certificate
	var err error
	if w.Cert != "" {
		if pair, err = tls.LoadX509KeyPair(w.Cert, w.Key); err != nil {
			return fmt.Errorf("read the page's certificate: %w", err)
		}
	} else {
		own, err := authority.New(run)
		if err != nil {
			return err
		}
		made, err := own.Issue([]string{host}, "")
		if err != nil {
			return err
		}
		if pair, err = tls.X509KeyPair(made.Cert, made.Key); err != nil {
			return err
		}
		sum := sha256.Sum256(pair.Certificate[0])
		l.sum = strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
	}
	l.url.Scheme, l.secure = "https", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return nil
}
