package host

import (
	"net"
	"sync"
)

var Connections = NewGauge("squall_connections",
	"Connections open now: of a database, or of a node that bounds them.")

// limitedListener bounds a listener's connections: those over it wait to be accepted, as in the system's backlog, until another is
// closed. An idle connection counts.
type limitedListener struct {
	net.Listener
	places  chan struct{}
	shut    chan struct{}
	once    sync.Once
	metrics *Metrics
}

// limitConnections is the listener itself where there is no bound.
func limitConnections(l net.Listener, most int, m *Metrics) net.Listener {
	if most <= 0 {
		return l
	}
	return &limitedListener{Listener: l, places: make(chan struct{}, most), shut: make(chan struct{}), metrics: m}
}

func (d *limitedListener) Accept() (net.Conn, error) {
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
	Connections.In(d.metrics).Add(1)
	return &limitedConn{Conn: c, limitedListener: d}, nil
}

func (d *limitedListener) Close() error {
	d.once.Do(func() { close(d.shut) })
	return d.Listener.Close()
}

// limitedConn gives its place back when it is closed.
type limitedConn struct {
	net.Conn
	limitedListener *limitedListener
	once            sync.Once
}

func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		Connections.In(c.limitedListener.metrics).Add(-1)
		<-c.limitedListener.places
	})
	return err
}
