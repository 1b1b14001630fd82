package redis

import (
	"context"
	"errors"
	"net"
	"strings"

	client "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/squallhq/squall/runner/wire"
)

// Direct is one connection of somebody who asks Redis himself.
type Direct struct {
	db     *client.Client
	broken bool
}

// OpenDirect is one over a connection that dial makes, when the first command is sent.
func OpenDirect(dial func(context.Context) (net.Conn, error), dsn string) *Direct {
	who := wire.ParseLogin(dsn)
	return &Direct{db: client.NewClient(&client.Options{
		Dialer:   func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		Username: who.User, Password: who.Password, PoolSize: 1,
		MaxRetries: -1, DialerRetries: 1, ReadTimeout: -1, WriteTimeout: -1, ContextTimeoutEnabled: true,
		DisableIdentity: true, Protocol: 2, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})}
}

// Do sends a command; what is not there is nil.
func (d *Direct) Do(ctx context.Context, command []string) (any, error) {
	words := make([]any, len(command))
	for n, word := range command {
		words[n] = word
	}
	answer, err := d.db.Do(ctx, words...).Result()
	if errors.Is(err, client.Nil) {
		return nil, nil
	}
	d.broken = d.broken || err != nil && Said(err) == ""
	return answer, err
}

// Broken tells that it can be used no more.
func (d *Direct) Broken() bool { return d.broken }

// Close ends it.
func (d *Direct) Close() { _ = d.db.Close() } // what was asked was answered, or given up

// Said is the first word of what Redis says in place of an answer, as in READONLY, "" for what was no word of its.
func Said(err error) string {
	var said client.Error
	if !errors.As(err, &said) {
		return ""
	}
	word, _, _ := strings.Cut(said.Error(), " ")
	if word == "" || strings.ToUpper(word) != word {
		return "ERR"
	}
	return word
}
