package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/twmb/franz-go/pkg/kerr"
	client "github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ReadWrites says how often each message's id is in a node's topic, whether somebody has had it or not. A broker that nothing was
// sent to has none.
func ReadWrites(ctx context.Context, dial func(context.Context) (net.Conn, error), node string) (map[string]int, error) {
	found := map[string]int{}
	asks, err := client.NewClient(options(dial)...)
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	defer asks.Close()
	begins, ends, err := extent(ctx, asks, node)
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	if len(ends) == 0 {
		return found, nil
	}
	from := map[int32]client.Offset{}
	for p := range ends {
		from[p] = client.NewOffset().At(begins[p])
	}
	reads, err := client.NewClient(append(options(dial), client.ConsumePartitions(map[string]map[int32]client.Offset{node: from}),
		client.KeepControlRecords())...) // the last of a partition may be one
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	defer reads.Close()
	for len(ends) > 0 {
		came := reads.PollFetches(ctx)
		for _, e := range came.Errors() {
			return nil, fmt.Errorf("read writes: %d partitions are not read to their end: %w", len(ends), e.Err)
		}
		for _, r := range came.Records() {
			end, left := ends[r.Partition]
			if !left || r.Offset >= end { // came after the end was asked for
				continue
			}
			if !r.Attrs.IsControl() {
				found[messageOf(&one{record: r}).ID]++
			}
			if r.Offset+1 == end {
				delete(ends, r.Partition)
			}
		}
	}
	return found, nil
}

// extent is where the partitions of a topic that hold something begin and end; none: there is no such topic, or nothing in it.
func extent(ctx context.Context, c *client.Client, topic string) (begins, ends map[int32]int64, err error) {
	about := kmsg.NewMetadataRequestTopic()
	about.Topic = &topic
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = append(request.Topics, about)
	answer, err := request.RequestWith(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	var all []int32
	for _, t := range answer.Topics {
		switch err := kerr.ErrorForCode(t.ErrorCode); {
		case errors.Is(err, kerr.UnknownTopicOrPartition):
			return nil, nil, nil
		case err != nil:
			return nil, nil, err
		}
		for _, p := range t.Partitions {
			all = append(all, p.Partition)
		}
	}
	const first, last = -2, -1
	if begins, err = offsets(ctx, c, topic, all, first); err != nil {
		return nil, nil, err
	}
	if ends, err = offsets(ctx, c, topic, all, last); err != nil {
		return nil, nil, err
	}
	for p, end := range ends {
		if end <= begins[p] {
			delete(ends, p)
		}
	}
	return begins, ends, nil
}

// offsets are those of a topic's partitions at a time, in the protocol's sense.
func offsets(ctx context.Context, c *client.Client, topic string, of []int32, at int64) (map[int32]int64, error) {
	about := kmsg.NewListOffsetsRequestTopic()
	about.Topic = topic
	for _, n := range of {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = n, at
		about.Partitions = append(about.Partitions, p)
	}
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID, request.Topics = -1, append(request.Topics, about)
	answer, err := request.RequestWith(ctx, c)
	if err != nil {
		return nil, err
	}
	out := map[int32]int64{}
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, fmt.Errorf("partition %d: %w", p.Partition, err)
			}
			out[p.Partition] = p.Offset
		}
	}
	if len(out) != len(of) {
		return nil, fmt.Errorf("%d of %d partitions are told of", len(out), len(of))
	}
	return out, nil
}
