package remote

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/faults"
)

// HeldFolder is where a mesh process holds the volumes of others: their space is all that it tells of any file system.
const HeldFolder = "/held/"

// Space is a file system's, in bytes.
type Space struct {
	Size int64 `json:"size"`
	Free int64 `json:"free"`
}

// Space tells the space of a volume that the mesh holds in HeldFolder.
func (c *Client) Space(ctx context.Context, held string) (Space, error) {
	var s Space
	err := c.call(ctx, http.MethodGet, routeSpace+"?held="+url.QueryEscape(held), nil, &s)
	return s, err
}

func (s *controlServer) space(w http.ResponseWriter, r *http.Request) {
	held := r.URL.Query().Get("held")
	if path.Clean(held) != held || !strings.HasPrefix(held, HeldFolder) {
		writeAnswer(w, nil, faults.Invalid("held", "%q is no path in %s", held, HeldFolder))
		return
	}
	var at unix.Statfs_t
	if err := unix.Statfs(held, &at); err != nil {
		writeAnswer(w, nil, fmt.Errorf("read the space of %s: %w", held, err))
		return
	}
	writeAnswer(w, Space{Size: int64(at.Blocks) * int64(at.Bsize), Free: int64(at.Bavail) * int64(at.Bsize)}, nil)
}
