package cluster

import (
	"context"
	"os"
	"time"
)

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
