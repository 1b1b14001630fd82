package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	mysql "github.com/go-sql-driver/mysql"
)

// Direct is one connection of somebody who asks a database himself.
type Direct struct {
	db     *sql.DB
	conn   *sql.Conn
	broken bool
}

// OpenDirect opens one over a connection that dial makes.
func OpenDirect(ctx context.Context, dial func(context.Context) (net.Conn, error), dsn string) (*Direct, error) {
	connector, err := connectorOf(dsn, "database:3306", func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) })
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(once{connector})
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close() // it has nothing open
		return nil, err
	}
	return &Direct{db: db, conn: conn}, nil
}

// once makes a connection once: package sql tries again where the driver says that one was bad.
type once struct{ driver.Connector }

func (o once) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := o.Connector.Connect(ctx)
	return c, ended(err)
}

// Query runs a statement with its arguments, and tells what it gives as Rows.Query does.
func (d *Direct) Query(ctx context.Context, statement string, args []any,
	begin func(columns []string), row func(values [][]byte, plain []bool)) (count int64, err error) {
	count, err = query(ctx, d.conn, statement, args, begin, row)
	d.broken = d.broken || err != nil && Number(err) == 0
	return count, ended(err)
}

// ended says of a connection that was cut what it is, which the driver has words of its own for.
func ended(err error) error {
	if errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) {
		return fmt.Errorf("%s: %w", err, io.ErrUnexpectedEOF)
	}
	return err
}

// Broken tells that it can be used no more.
func (d *Direct) Broken() bool { return d.broken }

// Close ends it.
func (d *Direct) Close() {
	_ = d.conn.Close()
	_ = d.db.Close() // what was asked was answered, or given up
}

// Number is the server's for its error, 0 for what was no word of a server's.
func Number(err error) uint16 { return number(err) }
