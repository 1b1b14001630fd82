package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/squallhq/squall/runner/wire"
)

// commandTimeout bounds one answer: some ten million ids.
const commandTimeout = 20 * time.Second

// ReadCommand is what a command answers, over connections that dial makes: the texts of a list, one text, or nothing.
func ReadCommand(ctx context.Context, dial func(context.Context) (net.Conn, error), dsn string, command []string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	who := wire.ParseLogin(dsn)
	db := client.NewClient(&client.Options{
		Dialer:   func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		Username: who.User, Password: who.Password, PoolSize: 1, MaxRetries: -1, ReadTimeout: -1, ContextTimeoutEnabled: true,
		DisableIdentity: true, Protocol: 2, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	defer db.Close() //nolint:errcheck // everything is read
	words := make([]any, len(command))
	for n, word := range command {
		words[n] = word
	}
	answer, err := db.Do(ctx, words...).Result()
	if errors.Is(err, client.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", command[0], err)
	}
	return texts(nil, answer)
}

// texts adds the texts and numbers of an answer; what is not there is none.
func texts(out []string, answer any) ([]string, error) {
	switch a := answer.(type) {
	case nil:
	case string:
		out = append(out, a)
	case int64:
		out = append(out, strconv.FormatInt(a, 10))
	case []any:
		for _, one := range a {
			if _, is := one.([]any); is {
				return nil, errors.New("the answer has lists in its list, and no ids")
			}
			var err error
			if out, err = texts(out, one); err != nil {
				return nil, err
			}
		}
	default:
		return nil, fmt.Errorf("the answer is %T, and no list of ids", answer)
	}
	return out, nil
}
