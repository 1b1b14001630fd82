package readback

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

const (
	// mostBody bounds an answer: some ten million writes. mostPages bounds a list that never ends.
	mostBody  = 1 << 30
	mostPages = 100_000
	// pageTimeout bounds one answer.
	pageTimeout = 20 * time.Second
)

// overHTTP asks with GET, page by page where the path has pages.
func overHTTP(ctx context.Context, dial func(context.Context) (net.Conn, error), l *scenarios.Load) ([]string, error) {
	path, err := scenarios.ParseJSONPath(cmp.Or(l.ReadBack.IDs, scenarios.DefaultIDs))
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	defer transport.CloseIdleConnections()
	if !strings.Contains(l.ReadBack.Send, scenarios.PageParameter) {
		return page(ctx, transport, l, l.ReadBack.Send, path)
	}
	var out []string
	for n := 1; n <= mostPages; n++ {
		send := strings.ReplaceAll(l.ReadBack.Send, scenarios.PageParameter, strconv.Itoa(n))
		ids, err := page(ctx, transport, l, send, path)
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			return out, nil
		}
		out = append(out, ids...)
	}
	return nil, fmt.Errorf("%s has more than %d pages", l.ReadBack.Send, mostPages)
}

func page(ctx context.Context, transport http.RoundTripper, l *scenarios.Load, send string, path scenarios.JSONPath) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	_, target, _ := strings.Cut(send, " ")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.ReadBack.HTTP+target, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", send, err)
	}
	request.Header.Set("User-Agent", "squall")
	request.Header.Set(wire.HeaderKey, cmp.Or(l.APIKey, l.Name))
	for k, v := range l.Headers {
		if http.CanonicalHeaderKey(k) == "Host" {
			request.Host = v
			continue
		}
		request.Header.Set(k, v)
	}
	request.Header.Set("Accept", "application/json")
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", send, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: it answers %s", send, answer.Status)
	}
	decoder := json.NewDecoder(io.LimitReader(answer.Body, mostBody))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("%s: the answer is no JSON: %w", send, err)
	}
	ids, err := idsAt(document, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", send, err)
	}
	return ids, nil
}

var errNoID = errors.New("what stands where the ids should be is neither text nor a number, nor an object of ids to whole numbers")

// idsAt are the ids at a path, in the document's order. A path that leads nowhere where the document has something is a mistake: it
// must not look like a list with nothing in it.
func idsAt(document any, path scenarios.JSONPath) ([]string, error) {
	if len(path) == 0 {
		return leaf(nil, document)
	}
	step, rest := path[0], path[1:]
	switch v := document.(type) {
	case nil:
		return nil, nil // null is a list with nothing in it
	case []any:
		if step.Named {
			return nil, fmt.Errorf("there is a list where the path has the name %q", step.Name)
		}
		if !step.All {
			at := step.Index
			if at < 0 {
				at += len(v)
			}
			if at < 0 || at >= len(v) {
				return nil, nil
			}
			return idsAt(v[at], rest)
		}
		var out []string
		for _, one := range v {
			ids, err := idsAt(one, rest)
			if err != nil {
				return nil, err
			}
			out = append(out, ids...)
		}
		return out, nil
	case map[string]any:
		if step.All {
			return nil, errors.New("there is an object where the path has a *: its members have no order; name one")
		}
		inner, is := v[step.Name]
		if !step.Named || !is {
			return nil, fmt.Errorf("there is no %q in the answer", step.Name)
		}
		return idsAt(inner, rest)
	}
	return nil, fmt.Errorf("the path goes on where there is %v", document)
}

// leaf adds the ids that stand at the end of a path.
func leaf(out []string, value any) ([]string, error) {
	switch v := value.(type) {
	case nil:
		return out, nil
	case string:
		return append(out, v), nil
	case json.Number:
		return append(out, v.String()), nil
	case []any:
		var err error
		for _, one := range v {
			if out, err = leaf(out, one); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		for id, often := range v {
			number, is := often.(json.Number)
			n, err := strconv.Atoi(number.String())
			if !is || err != nil || n < 0 {
				return nil, errNoID
			}
			for range n {
				out = append(out, id)
			}
		}
		return out, nil
	}
	return nil, errNoID
}
