package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/squallhq/squall/internal/ask"
)

// Client asks a run's control.
type Client struct {
	address Address
	http    *http.Client
}

// mostAnswer bounds what is read of one answer.
const mostAnswer = 16 << 20

// Find is the client of the run in a folder.
func Find(dir string) (*Client, error) {
	data, err := os.ReadFile(filepath.Join(dir, File))
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("no run is under way in %s (there is no %s)", dir, File)
	}
	if err != nil {
		return nil, fmt.Errorf("read the run's control: %w", err)
	}
	var a Address
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, fmt.Errorf("read the run's control in %s: %w", dir, err)
	}
	return a.Client(nil), nil
}

// Newest is the folder under runs, a folder of runs, of the run under way that began last.
func Newest(runs string) (string, error) {
	files, err := filepath.Glob(filepath.Join(runs, "*", File))
	if err != nil {
		return "", err
	}
	newest, when := "", time.Time{}
	for _, file := range files {
		about, err := os.Stat(file)
		if err == nil && about.ModTime().After(when) && alive(file) {
			newest, when = filepath.Dir(file), about.ModTime()
		}
	}
	if newest == "" {
		return "", fmt.Errorf("no run is under way in %s; name the folder of one with --run", runs)
	}
	return newest, nil
}

// alive tells that the process that wrote a control's file is there still: one that was killed leaves its file.
func alive(file string) bool {
	var a Address
	data, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(data, &a) != nil {
		return false
	}
	process, err := os.FindProcess(a.PID)
	return err == nil && process.Signal(syscall.Signal(0)) == nil
}

// Status is how the run stands.
func (c *Client) Status(ctx context.Context) (Standing, error) {
	var out Standing
	err := c.do(ctx, http.MethodGet, "status", nil, &out)
	return out, err
}

// Do asks for a verb: inject, clear, hold, go, next, skip, load, mark, note or abort.
func (c *Client) Do(ctx context.Context, verb string, asked Asked) (Done, error) {
	var out Done
	err := c.do(ctx, http.MethodPost, verb, asked, &out)
	return out, err
}

// agent is how a client of ours calls itself, by which its acts are told from those of others who ask over HTTP.
const agent = "squall-ctl"

func (c *Client) do(ctx context.Context, method, verb string, asked, into any) error {
	header := http.Header{"Authorization": {"Bearer " + c.address.Token}, "Content-Type": {"application/json"}, "User-Agent": {agent}}
	got, err := ask.JSON(ctx, c.http, method, c.address.URL+"/v1/"+verb, header, asked, mostAnswer)
	if err != nil {
		return fmt.Errorf("ask the run (has it ended?): %w", err)
	}
	if got.Code != http.StatusOK {
		var refused Done
		if json.Unmarshal(got.Body, &refused) == nil && refused.Error != "" {
			return errors.New(refused.Error)
		}
		return fmt.Errorf("the run's control answers %s", got.Status)
	}
	return json.Unmarshal(got.Body, into)
}
