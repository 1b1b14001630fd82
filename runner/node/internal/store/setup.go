package store

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5"

	"github.com/squallhq/squall/scenarios/sqltext"
)

// Setup runs statements in turn over a connection that dial makes, up to the first that fails; the error says its line.
func Setup(ctx context.Context, dial func(context.Context) (net.Conn, error), dsn string, statements []sqltext.Statement) error {
	c, err := connect(ctx, dial, dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer c.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what was to be run is done, or was told
	for _, s := range statements {
		if _, err := c.Exec(ctx, s.Text, pgx.QueryExecModeSimpleProtocol); err != nil {
			if ctx.Err() != nil {
				err = errors.Join(err, context.Cause(ctx))
			}
			return fmt.Errorf("its setup, line %d: %s: %w", s.Line, s.Excerpt(), err)
		}
	}
	return nil
}
