package conductor

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// Keeper hands out a run's folder, while its conductor is at work and for a while after it has ended.
type Keeper struct {
	// Client speaks to the cluster that the pod is in, and Pod is its name: so it is known when the conductor has ended, however it has.
	Client *apiserver.Client
	Pod    string
	// Folder is the run's.
	Folder string
	// Keep is how long it is handed out after the conductor's end.
	Keep time.Duration
}

// Listen takes the keeper's port.
func Listen() (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(Port)))
	if err != nil {
		return nil, fmt.Errorf("keep the run's results: %w", err)
	}
	return l, nil
}

// Serve hands it out to who connects, until that is over, or ctx ends.
func (k *Keeper) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: k.Handler(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	defer server.Close()
	over := make(chan struct{})
	go func() {
		k.await(ctx)
		close(over)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("keep the run's results: %w", err)
	case <-ctx.Done():
		return nil
	case <-over:
	}
	select {
	case err := <-ended:
		return fmt.Errorf("keep the run's results: %w", err)
	case <-ctx.Done():
	case <-time.After(k.Keep):
	}
	return nil
}

// await waits until the conductor has ended.
func (k *Keeper) await(ctx context.Context) {
	for ctx.Err() == nil {
		for e, err := range apiserver.Watch[kinds.Pod](ctx, k.Client, apiserver.Pods, apiserver.Query{Fields: "metadata.name=" + k.Pod}) {
			if err != nil {
				break // an API server that is away for long: it comes back, or the pod's end is told in another way
			}
			if e.Change != apiserver.Synced && stateOf(e.Object).Terminated != nil {
				return
			}
		}
		_ = rest(ctx, look)
	}
}

// hidden are files of a run's folder that are of use beside its conductor alone, or not for others.
var hidden = []string{control.File, control.AddressesFile, control.ScrapeFile}

// Handler answers GET /folder with the run's folder as a compressed archive, and GET /control with where the run's control answers in the pod and its token. Who
// gets here may connect to the pod's ports, which is the right that it takes; web pages of elsewhere may not.
func (k *Keeper) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control", func(w http.ResponseWriter, _ *http.Request) {
		data, err := os.ReadFile(filepath.Join(k.Folder, control.File))
		if err != nil {
			http.Error(w, "the run takes no orders: it has not begun, or it is ending", http.StatusConflict)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(data)
	})
	mux.HandleFunc("GET /folder", func(w http.ResponseWriter, _ *http.Request) {
		if _, err := os.Stat(k.Folder); err != nil {
			http.Error(w, "the run has written nothing yet", http.StatusNotFound)
			return
		}
		if err := pack(w, k.Folder); err != nil {
			panic(http.ErrAbortHandler) // half an archive ends as one
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if control.Elsewhere(r) {
			http.Error(w, "this is refused to web pages of elsewhere", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// pack writes a folder as a compressed archive. Files may grow meanwhile: of each there is what it had when its turn came.
func pack(to io.Writer, folder string) error {
	z := gzip.NewWriter(to)
	archive := tar.NewWriter(z)
	err := filepath.WalkDir(folder, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(folder, at)
		if err != nil || slices.Contains(hidden, name) {
			return err
		}
		return packFile(archive, at, filepath.ToSlash(name))
	})
	return errors.Join(err, archive.Close(), z.Close())
}

func packFile(archive *tar.Writer, at, name string) error {
	f, err := os.Open(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone since
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Name: name, Mode: 0o644, Size: info.Size(), ModTime: info.ModTime(), Typeflag: tar.TypeReg}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.CopyN(archive, f, info.Size())
	return err
}
