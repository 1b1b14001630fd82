package port

import (
	"net"
	"runtime"
	"testing"
)

// A port that hangs has a full queue, whoever was accepting as it began: a connection that fills it is taken off by nobody, nor for a caller's.
func TestNobodyAcceptsWhatFillsTheQueue(t *testing.T) {
	l, err := listenPort(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, _ := l.(*port)
	accepted := make(chan int)
	go func() {
		n := 0
		for c, err := p.Accept(); err == nil; c, err = p.Accept() {
			n++
			_ = c.Close()
		}
		accepted <- n
	}()
	const spells = 500
	for n := range spells {
		if err := p.Hang(); err != nil {
			t.Fatal(err)
		}
		runtime.Gosched() // who was accepting goes on
		full, _, err := queue(p.listener)
		if err != nil || !full {
			t.Errorf("spell %d: the queue of a port that hangs is full: %v, %v", n, full, err)
		}
		if err := p.Serve(); err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", p.Addr().String())
		if err != nil {
			t.Fatalf("spell %d: dial a port that serves again: %v", n, err)
		}
		_ = c.Close()
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if n := <-accepted; n > spells {
		t.Errorf("%d connections were accepted, of %d that were made", n, spells)
	}
}
