package service

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/copies"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/redis"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

// forEver is how long a built-in cache keeps what is to be kept while there is room.
const forEver = 10 * 365 * 24 * time.Hour

// getValue looks a key up in a cache, at the instance where keys of its hash are.
func (s *service) getValue(what *scenarios.Step) (stepFunc, error) {
	g, err := call.NewWithFailover(s.i, what.Get, what.Failover.Failover, what.Policy, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		key := v.about(what.Key)
		return g.Run(ctx, c, call.Task{Key: key, Do: func(ctx context.Context, to *call.Replica, c host.Trace, n int) call.Outcome {
			value, there, f := s.lookUp(ctx, g, to, key, c, n)
			return call.Outcome{F: f, Settle: func(taken bool) {
				if taken && f == nil {
					v.looked(what, value, there)
				}
			}}
		}})
	}, nil
}

// looked takes what was found, or was not.
func (v *request) looked(what *scenarios.Step, value string, there bool) {
	v.found(there, what.Absent)
	if !there {
		copies.CacheMissesTotal.In(v.service.i.Metrics).Add(1)
		return
	}
	copies.CacheHitsTotal.In(v.service.i.Metrics).Add(1)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.content == nil {
		v.content = &content{text: value, kind: "text/plain; charset=utf-8"}
	}
}

func (s *service) lookUp(ctx context.Context, g *call.Executor, to *call.Replica, key string, c host.Trace, n int) (value string, there bool, f *call.Failure) {
	if to.Speaks == parts.SpeaksRedis {
		bounded, cancel := g.Bounded(ctx)
		defer cancel()
		s.i.Starts(c)
		value, there, err := s.redis.Get(bounded, to, key)
		return value, there, redis.Failure(ctx, bounded, g, to, err)
	}
	answer, f := g.SendOnce(ctx, to, c, n, call.Request{Method: http.MethodGet, Path: valuePath(key)})
	if f != nil || answer.Get(wire.HeaderCache) != "hit" {
		return "", false, f
	}
	value, err := url.QueryUnescape(answer.Get(copies.HeaderValue))
	if err != nil {
		return "", false, call.FailureOf(ctx, ctx, to.Instance, g.Timeout, errors.New("the cache's value can't be read"))
	}
	return value, true, nil
}

// setValue keeps a value in a cache.
func (s *service) setValue(what *scenarios.Step) (stepFunc, error) {
	g, err := call.NewWithFailover(s.i, what.Set, what.Failover.Failover, what.Policy, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		key, value := v.about(what.Key), v.Trace.Request
		if what.Value != "" {
			value = fillIn(what.Value, v.value)
		}
		return g.Run(ctx, c, call.Task{Key: key, Do: func(ctx context.Context, to *call.Replica, c host.Trace, n int) call.Outcome {
			if to.Speaks == parts.SpeaksRedis {
				bounded, cancel := g.Bounded(ctx)
				defer cancel()
				s.i.Starts(c)
				return call.Outcome{F: redis.Failure(ctx, bounded, g, to, s.redis.Set(bounded, to, key, value, what.TTL))}
			}
			ttl := what.TTL
			if ttl == 0 {
				ttl = forEver
			}
			h := http.Header{copies.HeaderTTL: {ttl.String()}, copies.HeaderValue: {url.QueryEscape(value)}}
			_, f := g.SendOnce(ctx, to, c, n, call.Request{Method: http.MethodPut, Path: valuePath(key), Header: h})
			return call.Outcome{F: f}
		}})
	}, nil
}

// valuePath is where a built-in cache has a value: apart from the copies of reads, whose keys begin with what was read.
func valuePath(key string) string { return copies.KeysPath + url.PathEscape("/"+key) }
