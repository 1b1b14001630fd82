package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// idleLong is how long a connection may have been idle and is taken to be well, as in pgxpool.
const idleLong = time.Second

// wasIdle is where a connection notes that it was idle for longer.
const wasIdle = "squall.idle"

// pingIdle has a pool ping what was idle for long before it is used, as pgxpool itself does. That, though, gives its ping a context
// of its own with the caller's deadline: which of the two ends first at that instant, and with it whether a further connection
// is tried for a caller who is gone, is nobody's decision.
func pingIdle(c *pgxpool.Config) {
	c.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool {
		p.Conn.PgConn().CustomData()[wasIdle] = p.IdleDuration > idleLong
		return false
	}
	c.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (well bool, err error) {
		if idle, _ := conn.PgConn().CustomData()[wasIdle].(bool); !idle {
			return true, nil
		}
		if conn.Ping(ctx) != nil {
			return false, ctx.Err()
		}
		return true, nil
	}
}
