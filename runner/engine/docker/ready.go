package docker

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// probeTimeout bounds one look at an instance's health.
const probeTimeout = 2 * time.Second

// probe tells whether an instance is healthy now: a built-in node says so itself; an image by the
// path that the scenario names, or by taking connections; a database by letting clients in.
func (s *system) probe(ctx context.Context, m *member) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	n := m.place.instance.Node
	switch {
	case !m.place.image():
		return s.get(ctx, m, "http://"+m.place.adminAddress()+wire.AdminHealth)
	case n.Health != "" && n.Health != "tcp":
		return s.get(ctx, m, "http://"+m.place.address()+n.Health)
	}
	conn, err := s.mesh.DialVia(ctx, m.place.address())
	if err != nil {
		return err
	}
	defer conn.Close()
	if n.Kind != scenarios.KindDatabase || n.Health == "tcp" {
		return nil
	}
	if err := conn.SetDeadline(time.Now().Add(probeTimeout)); err != nil {
		return err
	}
	return letsIn(conn, n.Credentials())
}

// letsIn begins to log in to a PostgreSQL server. One that is still starting or recovering listens
// already and turns everybody away (SQLSTATE 57P03); one that asks for a password is ready.
func letsIn(conn net.Conn, c wire.Login) error {
	const protocol = 3 << 16
	message := binary.BigEndian.AppendUint32(make([]byte, 4), protocol)
	for _, word := range []string{"user", c.User, "database", c.Database, ""} {
		message = append(append(message, word...), 0)
	}
	binary.BigEndian.PutUint32(message, uint32(len(message)))
	if _, err := conn.Write(message); err != nil {
		return err
	}
	var answer [512]byte
	n, err := io.ReadAtLeast(conn, answer[:], 1)
	if err != nil {
		return fmt.Errorf("the database ends the login: %w", err)
	}
	if answer[0] == 'E' {
		return fmt.Errorf("the database refuses the login: %q", answer[min(5, n):n])
	}
	return nil
}

// get wants 200 to 299.
func (s *system) get(ctx context.Context, m *member, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := m.admin.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20)) // so that the connection can be used again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("GET %s: %s", url, answer.Status)
	}
	return nil
}
