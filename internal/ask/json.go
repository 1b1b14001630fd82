// Package ask is one question over HTTP, put and answered in JSON, as programs of ours put it to each other.
package ask

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Answer is what came back, whatever its status.
type Answer struct {
	Code   int
	Status string
	Body   []byte
}

// JSON makes one request, with question as its body where there is one, and reads its answer to the end, so that the
// connection can be used again: at most so many bytes, more are left. header may be nil. What an answer of 400 means is the
// caller's to say.
func JSON(
	ctx context.Context, client *http.Client, method, url string, header http.Header, question any, most int64,
) (Answer, error) {
	var body io.Reader
	if question != nil {
		data, err := json.Marshal(question)
		if err != nil {
			return Answer{}, fmt.Errorf("encode a question: %w", err)
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return Answer{}, err
	}
	for key, values := range header {
		request.Header[key] = values
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer: %w", err)
	}
	return Answer{response.StatusCode, response.Status, data}, nil
}
