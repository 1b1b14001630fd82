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
	"github.com/squallhq/squall/scenarios/jsonpath"
)

const (
	// mostBody bounds an answer: some ten million writes. mostPages bounds a list that never ends.
	mostBody  = 1 << 30
	mostPages = 100_000
	// pageTimeout bounds one answer.
	pageTimeout = 20 * time.Second
)

// overHTTP asks with GET, page by page where the path has pages.
func overHTTP(ctx context.Context, dial func(context.Context) (net.Conn, error), l *scenarios.Load, of *scenarios.Node) ([]string, error) {
	path, err := jsonpath.Parse(cmp.Or(l.ReadBack.IDs, scenarios.DefaultIDs))
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	defer transport.CloseIdleConnections()
	if s := of.Secure(); s != nil {
		if transport.TLSClientConfig, err = s.Config(); err != nil {
			return nil, err
		}
	}
	if !strings.Contains(l.ReadBack.Send, scenarios.PageParameter) {
		return page(ctx, transport, l, of, l.ReadBack.Send, path)
	}
	var out []string
	for n := 1; n <= mostPages; n++ {
		send := strings.ReplaceAll(l.ReadBack.Send, scenarios.PageParameter, strconv.Itoa(n))
		ids, err := page(ctx, transport, l, of, send, path)
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

func page(ctx context.Context, transport http.RoundTripper, l *scenarios.Load, of *scenarios.Node, send string, path jsonpath.Path) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	_, target, _ := strings.Cut(send, " ")
	scheme := "http://"
	if of.Secure() != nil {
		scheme = "https://"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+l.ReadBack.HTTP+target, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", send, err)
	}
	request.Host = cmp.Or(of.Site(), request.Host)
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

// idsAt are the ids at a path, in the document's order. A path that leads nowhere is a mistake, unless it leads through a list with
// nothing in it: it must not look like one.
func idsAt(document any, path jsonpath.Path) ([]string, error) {
	var out []string
	at := path.Find(document)
	for _, value := range at {
		var err error
		if out, err = leaf(out, value); err != nil {
			return nil, err
		}
	}
	if len(at) > 0 {
		return out, nil
	}
	end := strings.LastIndex(path.String(), "[*]")
	if end < 0 {
		return nil, fmt.Errorf("nothing stands at %s", path)
	}
	list, err := jsonpath.Parse(path.String()[:end])
	if err != nil {
		return nil, err
	}
	lists := list.Find(document)
	for _, one := range lists {
		if many, is := one.([]any); one != nil && (!is || len(many) > 0) {
			return nil, fmt.Errorf("nothing stands at %s", path)
		}
	}
	if len(lists) == 0 && !strings.Contains(list.String(), "[*]") {
		return nil, fmt.Errorf("nothing stands at %s", list)
	}
	return nil, nil
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
