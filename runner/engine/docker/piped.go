package docker

import (
	"errors"
	"io"
)

// piped has the engine read what is written meanwhile. The error is the writer's, unless it could not go on since the engine did not.
func piped(write func(io.Writer) error, read func(io.Reader) error) error {
	from, to := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(to)
		_ = to.CloseWithError(err) // always nil
		written <- err
	}()
	err := read(from)
	_ = from.CloseWithError(io.ErrClosedPipe) // ends the writer when the engine has not read to the end
	if wrote := <-written; wrote != nil && !errors.Is(wrote, io.ErrClosedPipe) {
		return wrote
	}
	return err
}
