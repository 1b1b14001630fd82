package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"time"

	"github.com/squallhq/squall/internal/ask"
)

const (
	// askTimeout bounds one question to an admin address, tellTimeout one order, which may take work.
	askTimeout  = 2 * time.Second
	tellTimeout = 10 * time.Second
	// maxAnswer bounds what is read of an answer: a node's counters, or a page of an image's.
	maxAnswer = 64 << 20
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
	answer, err := ask.JSON(ctx, i.client, method, url, nil, question, maxAnswer)
	if err != nil {
		return err
	}
	if answer.Code/100 != 2 {
		words := answer.Body[:min(len(answer.Body), 1<<10)]
		return fmt.Errorf("%s %s: %s: %s", method, url, answer.Status, bytes.TrimSpace(words))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer.Body, into)
}
