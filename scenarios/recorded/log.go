package recorded

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// The formats of access logs.
const (
	Common   = "common"   // NCSA's, as Apache and nginx write it
	Combined = "combined" // the same with referrer and agent
	JSON     = "json"     // an object in each line
)

// ReadLog reads an access log. Its error is a Mistake.
func ReadLog(format string, data []byte) (Recording, error) {
	if len(data) > MaxBytes {
		return Recording{}, &Mistake{1, 1, fmt.Sprintf("the file has more than %d bytes", MaxBytes), "give a part of it"}
	}
	var entries []entry
	line, skipped := 0, 0
	for text := range strings.Lines(string(data)) {
		line++
		if text = strings.TrimRight(text, "\r\n"); strings.TrimSpace(text) == "" {
			continue
		}
		var e entry
		var request string
		var m *Mistake
		if format == JSON {
			e, request, m = ofJSON(text)
		} else {
			e, request, m = ofNCSA(text)
		}
		if m != nil {
			m.Line = line
			return Recording{}, m
		}
		if !e.asked(request) {
			skipped++
			continue
		}
		if entries = append(entries, e); len(entries) > MaxRequests {
			return Recording{}, &Mistake{line, 1, fmt.Sprintf("there are more than %d requests", MaxRequests), "give a part of it"}
		}
	}
	return put(entries, skipped)
}

// asked takes in a request line, as in GET /path HTTP/1.1; false where it is none that can be sent.
func (e *entry) asked(line string) bool {
	fields := strings.Fields(line)
	if len(fields) < 2 || len(fields) > 3 {
		return false
	}
	e.method = fields[0]
	var ok bool
	e.target, ok = target(e.method, fields[1])
	return ok
}

var ncsa = regexp.MustCompile(`^\S+ \S+ .*?\[([^\]]*)\] "((?:[^"\\]|\\.)*)" (\d{3}|-) (\d+|-)`)

// ofNCSA reads a line as in
//
//	10.0.0.1 - ada [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 2326 "referrer" "agent"
func ofNCSA(text string) (entry, string, *Mistake) {
	m := ncsa.FindStringSubmatchIndex(text)
	if m == nil {
		return entry{}, "", &Mistake{0, 1, "the line is not of an access log in the common format", `write HOST - USER [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 2326, or say format: json`}
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", text[m[2]:m[3]])
	if err != nil {
		return entry{}, "", &Mistake{0, 1 + utf8.RuneCountInString(text[:m[2]]), fmt.Sprintf("%.40q is no time", text[m[2]:m[3]]), "write it as in 10/Oct/2000:13:55:36 -0700"}
	}
	return entry{at: at, coarse: true}, text[m[4]:m[5]], nil
}

// Names that servers give to what is wanted of a line of JSON.
var (
	timeNames   = []string{"time", "ts", "timestamp", "@timestamp", "time_iso8601", "msec", "StartUTC", "start_time"}
	methodNames = []string{"method", "request_method", "RequestMethod", "http_method"}
	targetNames = []string{"uri", "request_uri", "path", "RequestPath", "url", "target"}
)

// ofJSON reads an object: a time, and request as its line, or as method and path, there or in an object request.
func ofJSON(text string) (entry, string, *Mistake) {
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		return entry{}, "", &Mistake{0, 1, "the line is no JSON object", "write one in each line, or say format: common"}
	}
	e := entry{}
	var ok bool
	if e.at, e.coarse, ok = timeOf(first(object, timeNames)); !ok {
		return entry{}, "", &Mistake{0, 1, "the object has no time", `give it one, as in "time": "2000-10-10T13:55:36.123Z", or as seconds`}
	}
	in := object
	switch request := object["request"].(type) {
	case string:
		return e, request, nil
	case map[string]any:
		in = request
	}
	method, _ := first(in, methodNames).(string)
	path, _ := first(in, targetNames).(string)
	if method == "" || path == "" {
		return entry{}, "", &Mistake{0, 1, "the object has no request", `give it "request": "GET /a HTTP/1.1", or "method" and "path"`}
	}
	return e, method + " " + path, nil
}

func first(object map[string]any, names []string) any {
	for _, name := range names {
		if v, there := object[name]; there {
			return v
		}
	}
	return nil
}

func timeOf(v any) (at time.Time, coarse, ok bool) {
	switch v := v.(type) {
	case float64:
		for v > 1e11 { // ms, us or ns
			v /= 1000
		}
		if !(v >= 0) {
			return time.Time{}, false, false
		}
		whole, part := math.Modf(v)
		return time.Unix(int64(whole), int64(part*1e9)), part == 0, true
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "02/Jan/2006:15:04:05 -0700", "2006-01-02T15:04:05.999999999-0700"} {
			if at, err := time.Parse(layout, v); err == nil {
				return at, at.Nanosecond() == 0, true
			}
		}
	}
	return time.Time{}, false, false
}
