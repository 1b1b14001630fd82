package worker

import (
	"context"
	"net"

	"github.com/squallhq/squall/internal/resumable"
)

// Hold is Listen over a line to the conductor that outlives its connections (see package resumable): where none is made anew for a while, or nobody
// takes what is told, the conductor has gone, and so does the generator.
func Hold(ctx context.Context, l net.Listener, o Options) error {
	c, err := resumable.Accept(ctx, l, resumable.Options{Token: o.Token})
	if err != nil {
		return err
	}
	defer c.Close()
	return Serve(ctx, c, o)
}
