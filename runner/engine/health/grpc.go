package health

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/encoding/protowire"
)

// The parts of gRPC's health protocol: what is asked, in a frame of one flag and four bytes of length, and the answer's one field.
const (
	grpcCheck   = "/grpc.health.v1.Health/Check"
	grpcFrame   = 5
	grpcService = 1 // of the question
	grpcStatus  = 1 // of the answer
	grpcServing = 1
)

// grpcStatuses are the words for the answer's numbers.
var grpcStatuses = []string{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"}

// serves asks a gRPC server whether it, or one of its services, serves. dial makes the one connection that it takes.
func serves(ctx context.Context, address, service string, dial func(context.Context, string) (net.Conn, error)) error {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, address) }}
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	var message []byte
	if service != "" {
		message = protowire.AppendString(protowire.AppendTag(nil, grpcService, protowire.BytesType), service)
	}
	body := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, (&url.URL{Scheme: "http", Host: address, Path: grpcCheck}).String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("Te", "trailers")
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return err
	}
	status, said := answer.Trailer.Get("Grpc-Status"), answer.Trailer.Get("Grpc-Message")
	if status == "" { // an answer that is nothing but its end has it at its begin
		status, said = answer.Header.Get("Grpc-Status"), answer.Header.Get("Grpc-Message")
	}
	switch {
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("it answers %s", answer.Status)
	case status == "":
		return fmt.Errorf("it does not speak gRPC: %d bytes without a status", len(data))
	case status != "0":
		return fmt.Errorf("it answers with gRPC's status %s %s", status, said)
	}
	return serving(data)
}

// serving reads the answer.
func serving(frame []byte) error {
	if len(frame) < grpcFrame || frame[0] != 0 || int(binary.BigEndian.Uint32(frame[1:])) != len(frame)-grpcFrame {
		return fmt.Errorf("its answer of %d bytes is not gRPC's", len(frame))
	}
	status := uint64(0)
	for rest := frame[grpcFrame:]; len(rest) > 0; {
		number, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return protowire.ParseError(n)
		}
		rest = rest[n:]
		if number == grpcStatus && kind == protowire.VarintType {
			status, n = protowire.ConsumeVarint(rest)
		} else {
			n = protowire.ConsumeFieldValue(number, kind, rest)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		rest = rest[n:]
	}
	if status == grpcServing {
		return nil
	}
	if status < uint64(len(grpcStatuses)) {
		return fmt.Errorf("it is %s", grpcStatuses[status])
	}
	return fmt.Errorf("its status is %d", status)
}
