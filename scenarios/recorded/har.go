package recorded

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// har is the part of a HAR 1.2 file that says what was asked for.
type har struct {
	Log *struct {
		Entries []struct {
			Started string `json:"startedDateTime"`
			Request struct {
				Method, URL string
				PostData    *struct {
					MimeType, Text string
				}
			}
		}
	}
}

// ReadHAR reads a browser's recording. Requests to other hosts than that of the first one are left out, and so are cookies and
// headers, where credentials are. Its error is a Mistake.
func ReadHAR(data []byte) (Recording, error) {
	if len(data) > MaxBytes {
		return Recording{}, &Mistake{1, 1, fmt.Sprintf("the file has more than %d bytes", MaxBytes), "record less"}
	}
	var file har
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(data), "\ufeff")), &file); err != nil {
		line, column := 1, 1
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line, column = placed(data, syntax.Offset)
		}
		return Recording{}, &Mistake{line, column, "the file is no HAR: " + err.Error(), "save it from a browser's network panel as HAR"}
	}
	if file.Log == nil {
		return Recording{}, &Mistake{1, 1, "the file is no HAR: it has no log", "save it from a browser's network panel as HAR"}
	}
	var entries []entry
	host, skipped := "", 0
	for i, one := range file.Log.Entries {
		at, err := time.Parse(time.RFC3339Nano, one.Started)
		if err != nil {
			return Recording{}, &Mistake{1, 1, fmt.Sprintf("entry %d began at %.40q, which is no time", i+1, one.Started), "write it as in 2000-10-10T13:55:36.123Z"}
		}
		u, err := url.Parse(one.Request.URL)
		if err == nil && host == "" {
			host = u.Host
		}
		t, ok := target(one.Request.Method, one.Request.URL)
		if err != nil || !ok || !strings.EqualFold(u.Host, host) {
			skipped++
			continue
		}
		e := entry{at: at, method: one.Request.Method, target: t}
		if post := one.Request.PostData; post != nil {
			e.body, e.mime = post.Text, mime(post.MimeType)
		}
		if entries = append(entries, e); len(entries) > MaxRequests {
			return Recording{}, &Mistake{1, 1, fmt.Sprintf("there are more than %d requests", MaxRequests), "record less"}
		}
	}
	return put(entries, skipped)
}

// placed is the line and column of a byte.
func placed(data []byte, offset int64) (line, column int) {
	before := string(data[:min(max(offset, 0), int64(len(data)))])
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}
