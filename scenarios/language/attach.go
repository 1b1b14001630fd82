package language

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/dataset"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/openapi"
	"github.com/squallhq/squall/scenarios/protofile"
	"github.com/squallhq/squall/scenarios/recorded"
	"github.com/squallhq/squall/scenarios/source"
)

// mostAttached is the longest file that a request sends as its body.
const mostAttached = 8 << 20

// attach reads the files that loads name, once; their paths are seen from the scenario's folder.
func (doc *Document) attach(told *source.Report) {
	for _, n := range doc.Nodes {
		if n.TLS != nil && n.External != nil {
			doc.secure(told, n.TLS, scenarios.At("topology", n.Name, "tls"))
		}
	}
	for _, l := range doc.Loads {
		at := scenarios.At("load", l.Name)
		for _, d := range l.Data {
			doc.table(told, d, at.Key("data").Key(d.Name))
		}
		if l.Replay != nil {
			doc.recording(told, l, at.Key("replay"))
		}
		if l.OpenAPI != nil {
			doc.described(told, l, at.Key("openapi"))
		}
		if l.Descriptors != nil {
			doc.services(told, l, at)
		}
		if t := l.TLS; t != nil && !doc.asItsNode(l) {
			doc.secure(told, t, at.Key("tls"))
		}
		where := at.Key("requests")
		if l.Steps() != nil {
			where = at.Key("session").Key("steps")
		}
		for i := range l.Requests {
			if file := l.Requests[i].File; file != nil && file.Path != "" {
				doc.take(told, file, mostAttached, where.Item(i).Key("file"))
			}
		}
	}
}

// recording reads what a load sends again. Its kinds are the load's requests.
func (doc *Document) recording(told *source.Report, l *scenarios.Load, at scenarios.Path) {
	r, key := l.Replay, "log"
	file := r.Log
	if r.HAR != nil {
		file, key = r.HAR, "har"
	}
	if file == nil || file.Path == "" {
		return
	}
	name := file.Path
	if !doc.take(told, file, recorded.MaxBytes, at.Key(key)) {
		return
	}
	var what recorded.Recording
	var err error
	if r.HAR != nil {
		what, err = recorded.ReadHAR(file.Bytes)
	} else {
		what, err = recorded.ReadLog(cmp.Or(r.Format, recorded.Combined), file.Bytes)
	}
	file.Bytes = nil // what is sent of it is kept
	if m, ok := errors.AsType[*recorded.Mistake](err); ok {
		told.ProblemAt(grammar.PlaceAt(doc.root, at.Key(key)), fmt.Sprintf("%s:%d:%d: %s", name, m.Line, m.Column, m.What), m.Fix)
		return
	}
	r.Requests, r.Skipped = make([]scenarios.Recorded, len(what.Requests)), what.Skipped
	counts := make([]float64, len(what.Kinds))
	for i, q := range what.Requests {
		r.Requests[i] = scenarios.Recorded{At: r.Scaled(q.At), Method: q.Method, Target: q.Target, Body: q.Body, Type: q.Type, Kind: q.Kind}
		counts[q.Kind]++
	}
	l.Requests = nil
	for i, kind := range what.Kinds {
		l.Requests = append(l.Requests, scenarios.Request{Send: kind, Weight: counts[i]})
	}
}

// described reads what an API takes. Its operations are the load's requests.
func (doc *Document) described(told *source.Report, l *scenarios.Load, at scenarios.Path) {
	file := l.OpenAPI.File
	if file == nil || file.Path == "" || l.Requests != nil {
		return
	}
	if v := grammar.ValueAt(doc.root, at); v != nil && v.Kind == source.Mapping {
		at = at.Key("file")
	}
	name := file.Path
	if !doc.take(told, file, source.MaxBytes, at) {
		return
	}
	place := grammar.PlaceAt(doc.root, at)
	root, problems := source.Read(name, file.Bytes)
	if file.Bytes = nil; len(problems) > 0 {
		told.ProblemAt(place, problems[0].Error(), "mend the description")
		return
	}
	methods := l.OpenAPI.Methods
	if methods == nil {
		methods = []string{"GET", "HEAD", "OPTIONS"}
	}
	operations, where, what := openapi.Read(root, methods)
	if what != "" {
		told.ProblemAt(place, fmt.Sprintf("%s:%d:%d: %s", name, where.At.Line, where.At.Column, what), "give an OpenAPI 3 description, and methods that it has")
		return
	}
	for _, o := range operations {
		r := scenarios.Request{Send: o.Send}
		if o.Body != nil {
			r.JSON = grammar.AsJSON(o.Body)
		}
		if o.Statuses != nil {
			r.Check = &scenarios.Check{Status: o.Statuses}
		}
		l.Requests = append(l.Requests, r)
	}
}

// asItsNode tells that a load speaks TLS as all do who call its node.
func (doc *Document) asItsNode(l *scenarios.Load) bool {
	n := doc.Node(l.To)
	return n != nil && n.TLS != nil && l.TLS.CA == n.TLS.CA && l.TLS.Cert == n.TLS.Cert && l.TLS.Key == n.TLS.Key
}

// services reads what a gRPC server's services are, and looks for the methods that the load asks.
func (doc *Document) services(told *source.Report, l *scenarios.Load, at scenarios.Path) {
	file, name := l.Descriptors, l.Descriptors.Path
	if file.Path == "" || !doc.take(told, file, mostAttached, at.Key("descriptors")) {
		return
	}
	files, err := protofile.Read(file.Bytes)
	if err != nil {
		told.ProblemAt(grammar.PlaceAt(doc.root, at.Key("descriptors")), fmt.Sprintf("%s can't be used: %v", source.QuoteShort(name), err),
			"make it with protoc --include_imports --descriptor_set_out=FILE")
		return
	}
	where := at.Key("requests")
	if l.Steps() != nil {
		where = at.Key("session").Key("steps")
	}
	for i := range l.Requests {
		name = l.Requests[i].GRPC
		if name == "" {
			continue
		}
		if _, err := protofile.Method(files, name); err != nil {
			told.ProblemAt(grammar.PlaceAt(doc.root, where.Item(i).Key("grpc")), "as the descriptors have it, "+err.Error(), source.DidYouMean(name, protofile.Names(files), "they have"))
		}
	}
}

// secure reads the files of TLS, and tries them.
func (doc *Document) secure(told *source.Report, t *scenarios.TLS, at scenarios.Path) {
	if t.CA != nil && t.CA.Path == scenarios.OfRun {
		t.CA, t.TrustsRun = nil, true
	}
	if t.Cert != nil && t.Cert.Path == scenarios.OfRun {
		t.Cert, t.ShowsRun = nil, true
	}
	all := true
	for _, one := range []struct {
		key  string
		file *scenarios.Attached
	}{{"ca", t.CA}, {"cert", t.Cert}, {"key", t.Key}} {
		if one.file != nil && one.file.Path != "" {
			all = doc.take(told, one.file, mostAttached, at.Key(one.key)) && all
		}
	}
	problem := func(key, what, fix string) { told.ProblemAt(grammar.PlaceAt(doc.root, at.Key(key)), what, fix) }
	switch {
	case !all:
	case t.ShowsRun && t.Key != nil:
		problem("key", "cert: run comes with its own key", "take key away")
	case t.ShowsRun:
	case (t.Cert == nil) != (t.Key == nil):
		key := "cert"
		if t.Cert == nil {
			key = "key"
		}
		problem(key, "cert and key belong together", "give both, or none")
	case t.CA != nil && !x509.NewCertPool().AppendCertsFromPEM(t.CA.Bytes):
		problem("ca", "the file has no certificate", "give PEM, as in -----BEGIN CERTIFICATE-----")
	case t.Cert != nil:
		if _, err := tls.X509KeyPair(t.Cert.Bytes, t.Key.Bytes); err != nil {
			problem("cert", "cert and key can't be used: "+strings.TrimPrefix(err.Error(), "tls: "), "give a certificate and its key as PEM")
		}
	}
}

// attachTo gives the scenario as it may be told what was read for the scenario itself.
func attachTo(open, s *scenarios.Scenario) {
	if open == nil || len(open.Loads) != len(s.Loads) {
		return
	}
	for _, n := range open.Nodes {
		if read := s.Node(n.Name); read != nil {
			n.TLS = read.TLS
		}
	}
	for i, l := range open.Loads {
		l.Replay = s.Loads[i].Replay
		l.OpenAPI = s.Loads[i].OpenAPI
		if l.Replay != nil || l.OpenAPI != nil {
			l.Requests = s.Loads[i].Requests
		}
		l.Data, l.TLS, l.Descriptors = s.Loads[i].Data, s.Loads[i].TLS, s.Loads[i].Descriptors
		for n := range l.Requests {
			l.Requests[n].File = s.Loads[i].Requests[n].File
		}
	}
}

// Beside is where a path of the scenario leads: a relative one is seen from the scenario's folder.
func (doc *Document) Beside(path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(doc.File), path)
	}
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// take reads a file whole; false: it can't be, which has been told.
func (doc *Document) take(told *source.Report, file *scenarios.Attached, most int64, at scenarios.Path) bool {
	path, data, ok := doc.contents(told, file.Path, most, grammar.PlaceAt(doc.root, at))
	if ok {
		file.Path, file.Bytes, file.Sum = path, data, sum(data)
	}
	return ok
}

// contents is a file's path and all that is in it; what is wrong with it is told at a place.
func (doc *Document) contents(told *source.Report, name string, most int64, at source.Place) (path string, data []byte, ok bool) {
	path = doc.Beside(name)
	data, what := readBounded(path, name, most)
	if what != "" {
		told.ProblemAt(at, what, "write the path as it is seen from the scenario's folder")
	}
	return path, data, what == ""
}

func (doc *Document) table(told *source.Report, d *scenarios.Data, at scenarios.Path) {
	if d.File == "" {
		return
	}
	place := grammar.PlaceAt(doc.root, at)
	if v := grammar.ValueAt(doc.root, at.Key("file")); v != nil {
		place = v.At
	}
	path, data, ok := doc.contents(told, d.File, dataset.MaxBytes, place)
	if !ok {
		return
	}
	t, err := dataset.Read(path, data)
	if m, ok := errors.AsType[*dataset.Mistake](err); ok {
		told.ProblemAt(place, fmt.Sprintf("%s:%d:%d: %s", d.File, m.Line, m.Column, m.What), m.Fix)
		return
	}
	d.File, d.Sum, d.Columns, d.Rows = path, sum(data), t.Columns, t.Rows
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// readBounded reads a file, called by its name in what is said; what says what is wrong with it, "" for nothing.
// Devices, pipes and the like are not read: they may have no end.
func readBounded(path, name string, most int64) (data []byte, what string) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Sprintf("%s is no file", source.QuoteShort(name))
	}
	if err == nil && info.Size() > most {
		return nil, fmt.Sprintf("%s has more than %d bytes", source.QuoteShort(name), most)
	}
	var file *os.File
	if err == nil {
		file, err = os.Open(path)
	}
	if err == nil {
		defer file.Close()
		data, err = io.ReadAll(io.LimitReader(file, most+1))
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Sprintf("there is no file %s", source.QuoteShort(name))
	case err != nil:
		return nil, fmt.Sprintf("%s can't be read: %v", source.QuoteShort(name), errors.Unwrap(err))
	case int64(len(data)) > most:
		return nil, fmt.Sprintf("%s has more than %d bytes", source.QuoteShort(name), most)
	}
	return data, ""
}
