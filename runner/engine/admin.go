package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// askTimeout bounds one question to an admin address, tellTimeout one order, which may take work.
	askTimeout  = 2 * time.Second
	tellTimeout = 10 * time.Second
)

func (s *system) dialAdmin(ctx context.Context, _, address string) (net.Conn, error) {
	return s.testbed.Dial(ctx, address)
}

// tell orders something at this incarnation's admin address.
func (i *instance) tell(ctx context.Context, method, path string, order any) error {
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	return i.ask(ctx, method, i.adminURL(path), order, nil)
}

func (i *instance) adminURL(path string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return "http://" + i.addresses.Admin + path
}

// ask makes one request, with question as JSON where there is one, and decodes the answer where into is given. An answer
// other than 200 to 299 is an error with its first words.
func (i *instance) ask(ctx context.Context, method, url string, question, into any) error {
	var body io.Reader
	if question != nil {
		data, err := json.Marshal(question)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	answer, err := i.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode/100 != 2 {
		words, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // they only explain the status
		return fmt.Errorf("%s %s: %s: %s", method, url, answer.Status, bytes.TrimSpace(words))
	}
	if into == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20)) // so that the connection can be used again
		return err
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
