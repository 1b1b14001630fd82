package conductor

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

var (
	// ErrNotKept is part of the error where a run's folder is handed out no more.
	ErrNotKept = errors.New("its folder is handed out no more")
	// ErrRefused is part of the error where a run has no folder yet, or takes no orders.
	ErrRefused = errors.New("it answers")
)

// Claim is the claim whose volume has the run's folder; "": it goes with the pod.
func (r *Run) Claim() string {
	for _, v := range r.job.Spec.Template.Spec.Volumes {
		if c := v.PersistentVolumeClaim; c != nil {
			return c.ClaimName
		}
	}
	return ""
}

// reaching bounds how long a keeper may take to be reached: its container may begin after the conductor's.
const reaching = 30 * time.Second

// Fetch fetches a run's folder as it is now into a folder, which is made.
func (r *Run) Fetch(ctx context.Context, folder string) error {
	answer, err := r.ask(ctx, http.MethodGet, "/folder")
	if err != nil {
		return fmt.Errorf("fetch run %s: %w", r.ID, err)
	}
	defer answer.Body.Close()
	if err := Unpack(answer.Body, folder); err != nil {
		return fmt.Errorf("fetch run %s: %w", r.ID, err)
	}
	return nil
}

// ask asks the keeper, by way of the API server.
func (r *Run) ask(ctx context.Context, method, path string) (*http.Response, error) {
	p, there, err := r.pod(ctx)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, fmt.Errorf("%w: the conductor's pod is gone", ErrNotKept)
	}
	return r.askOf(ctx, p, method, path)
}

// askOf asks the keeper in a pod.
func (r *Run) askOf(ctx context.Context, p kinds.Pod, method, path string) (*http.Response, error) {
	for _, s := range p.Status.ContainerStatuses {
		t := s.State.Terminated
		if s.Name != keeperContainer || t == nil {
			continue
		}
		if t.ExitCode != 0 {
			return nil, fmt.Errorf("%w: what kept it has ended with exit code %d (%s)", ErrNotKept, t.ExitCode, t.Reason)
		}
		return nil, fmt.Errorf("%w: results are kept for a while, and that is over", ErrNotKept)
	}
	client := &http.Client{Transport: control.Through(r.dial(p, Port))}
	return askUntil(ctx, client, method, "http://127.0.0.1"+path, time.Now().Add(reaching)) // its own loopback address
}

// dial connects to a port of a pod's loopback.
func (r *Run) dial(p kinds.Pod, port int) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return r.client.Forward(ctx, p.Metadata.Name, port) }
}

// refusal is a keeper's answer that is none.
type refusal struct {
	code  int
	words string
}

func (r *refusal) Error() string { return ErrRefused.Error() + ": " + r.words }

// Is tells that it is ErrRefused, and ErrNotYet where asking later may do.
func (r *refusal) Is(err error) bool {
	return err == ErrRefused || err == ErrNotYet && r.code == http.StatusConflict
}

// askUntil asks until somebody listens, or it is too late.
func askUntil(ctx context.Context, client *http.Client, method, url string, until time.Time) (*http.Response, error) {
	for {
		request, err := http.NewRequestWithContext(ctx, method, url, nil)
		if err != nil {
			return nil, err
		}
		answer, err := client.Do(request)
		switch {
		case err == nil && answer.StatusCode == http.StatusOK:
			return answer, nil
		case err == nil:
			words, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // what came of it says enough
			_ = answer.Body.Close()
			return nil, &refusal{answer.StatusCode, strings.TrimSpace(string(words))}
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, apiserver.ErrForbidden): // asking again changes nothing
			return nil, err
		case time.Now().After(until):
			return nil, fmt.Errorf("reach what keeps its results: %w", err)
		}
		if err := rest(ctx, look); err != nil {
			return nil, err
		}
	}
}

// Unpack makes a folder of an archive, in the place of what is there. One that is cut, or wants to be anywhere else, changes nothing.
func Unpack(from io.Reader, folder string) (err error) {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(folder), ".fetching-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(fresh)) }()
	z, err := gzip.NewReader(from)
	if err != nil {
		return fmt.Errorf("read what is handed out: %w", err)
	}
	for archive := tar.NewReader(z); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read what is handed out: %w", err)
		}
		if err := unpackFile(archive, fresh, header); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, z); err != nil { // up to its sum
		return fmt.Errorf("read what is handed out: %w", err)
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.Rename(fresh, folder)
}

func unpackFile(archive *tar.Reader, folder string, header *tar.Header) error {
	if header.Typeflag != tar.TypeReg || !filepath.IsLocal(filepath.FromSlash(header.Name)) {
		return fmt.Errorf("what is handed out has %q, which is no file of a run's folder", header.Name)
	}
	at := filepath.Join(folder, filepath.FromSlash(header.Name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(at, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, archive)
	return errors.Join(err, f.Close())
}
