package load

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"

	"github.com/squallhq/squall/runner/load/secure"
	"github.com/squallhq/squall/runner/record"
)

// exhausted says what the generator itself ran out of, "" for any other failure: it is not the system's.
func exhausted(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "file descriptors"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "local ports"
	case errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ENOMEM):
		return "memory for sockets"
	}
	return ""
}

// classify names the class of a failed exchange: one of a few words, never a text with an address
// in it. It goes by errors.Is and As alone.
func classify(ctx context.Context, err error) string {
	var dial dialError
	var body bodyError
	var network net.Error
	var lookup *net.DNSError
	switch {
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return record.ErrCanceled
	case errors.As(err, &lookup):
		return record.ErrDNS
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return record.ErrTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return record.ErrRefused
	case errors.As(err, &body):
		return record.ErrBody
	case secure.Said(err):
		return record.ErrTLS
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return record.ErrReset
	case errors.As(err, &dial):
		return record.ErrDial
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
		return record.ErrEOF
	}
	return record.ErrOther
}

// statusClass is a failed status as its own class, "503".
func statusClass(status int) string { return strconv.Itoa(status) }
