package apiserver

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// LogOptions choose what of a pod's log is read; the zero value is all of it, up to now.
type LogOptions struct {
	// Container is one of the pod's; it may be empty where there is one.
	Container string
	// Follow goes on until the container has ended.
	Follow bool
	// Previous is the log of the container before it was started anew.
	Previous bool
	// Times puts the time before each line.
	Times bool
	// Since leaves out what was before.
	Since time.Time
	// Tail is how many lines at the end; 0: all.
	Tail int
}

// Logs opens the log of a pod's container. Where it is followed and the connection ends, so does it: Since goes on from there.
func (c *Client) Logs(ctx context.Context, pod string, o LogOptions) (io.ReadCloser, error) {
	values := url.Values{}
	if o.Container != "" {
		values.Set("container", o.Container)
	}
	for name, set := range map[string]bool{"follow": o.Follow, "previous": o.Previous, "timestamps": o.Times} {
		if set {
			values.Set(name, "true")
		}
	}
	if !o.Since.IsZero() {
		values.Set("sinceTime", o.Since.UTC().Format(time.RFC3339Nano))
	}
	if o.Tail > 0 {
		values.Set("tailLines", strconv.Itoa(o.Tail))
	}
	return c.make(ctx, call{
		method: http.MethodGet, path: Pods.path(c.Namespace, pod, "log"), query: values, stream: true,
		what: fmt.Sprintf("read the log of %s", Pods.told(c.Namespace, pod)),
	})
}

// EventsOf are what the cluster has said of an object.
func (c *Client) EventsOf(ctx context.Context, uid string) ([]kinds.Event, error) {
	return List[kinds.Event](ctx, c, Events, Query{Fields: "involvedObject.uid=" + uid})
}
