package node

import (
	"net"
	"sync"
)

var connections = newGauge("squall_connections",
	"Connections open now: of a database, or of a node that bounds them.")

// doors bounds a listener's connections: those over it wait to be accepted, as in the system's backlog, until another is
// closed. An idle connection counts.
type doors struct {
	net.Listener
	places  chan struct{}
	shut    chan struct{}
	once    sync.Once
	metrics *metrics
}

// limitConnections is the listener itself where there is no bound.
func limitConnections(l net.Listener, most int, m *metrics) net.Listener {
	if most <= 0 {
		return l
	}
	return &doors{Listener: l, places: make(chan struct{}, most), shut: make(chan struct{}), metrics: m}
}

func (d *doors) Accept() (net.Conn, error) {
	select {
	case d.places <- struct{}{}:
	case <-d.shut:
		return nil, net.ErrClosed
	}
	c, err := d.Listener.Accept()
	if err != nil {
		<-d.places
		return nil, err
	}
	connections.in(d.metrics).Add(1)
	return &doorConn{Conn: c, doors: d}, nil
}

func (d *doors) Close() error {
	d.once.Do(func() { close(d.shut) })
	return d.Listener.Close()
}

// doorConn gives its place back when it is closed.
type doorConn struct {
	net.Conn
	doors *doors
	once  sync.Once
}

func (c *doorConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		connections.in(c.doors.metrics).Add(-1)
		<-c.doors.places
	})
	return err
}
