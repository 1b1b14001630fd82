package mysql

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/squallhq/squall/scenarios/sqltext"
)

// Setup runs statements in turn over a connection that dial makes, up to the first that fails; the error says its line.
func Setup(ctx context.Context, dial func(context.Context) (net.Conn, error), dsn string, statements []sqltext.Statement) error {
	db, err := open(dsn, "database:3306", func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) })
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // what was to be run is done, or was told
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close() //nolint:errcheck // see above
	for _, s := range statements {
		if _, err := conn.ExecContext(ctx, s.Text); err != nil {
			if ctx.Err() != nil {
				err = errors.Join(err, context.Cause(ctx))
			}
			return fmt.Errorf("its setup, line %d: %s: %w", s.Line, s.Excerpt(), err)
		}
	}
	return nil
}
