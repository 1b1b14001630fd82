// Package rpc is gRPC's messages as a load speaks them: from JSON and back, in frames, by what a file or the server itself says of its
// methods. It connects to nobody.
package rpc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Method is one that is asked once and answers once.
type Method struct{ descriptor protoreflect.MethodDescriptor }

// Encode is a message as it is sent, from JSON; no JSON is one with nothing in it.
func (m Method) Encode(json []byte) ([]byte, error) {
	message := dynamicpb.NewMessage(m.descriptor.Input())
	if len(json) > 0 {
		if err := protojson.Unmarshal(json, message); err != nil {
			return nil, &Mismatch{fmt.Errorf("the message is no %s: %w", m.descriptor.Input().FullName(), err)}
		}
	}
	return proto.Marshal(message)
}

// Decode is an answer as JSON, with the fields that it leaves at nothing.
func (m Method) Decode(data []byte) ([]byte, error) {
	message := dynamicpb.NewMessage(m.descriptor.Output())
	if err := proto.Unmarshal(data, message); err != nil {
		return nil, fmt.Errorf("the answer is no %s: %w", m.descriptor.Output().FullName(), err)
	}
	return protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(message)
}

// Mismatch is a request that does not go with what the server says of its methods: it was never sent.
type Mismatch struct{ Err error }

func (m *Mismatch) Error() string { return m.Err.Error() }
func (m *Mismatch) Unwrap() error { return m.Err }

// frameHead is a flag and four bytes of length.
const frameHead = 5

// Frame is a message on its way.
func Frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

var errFrame = errors.New("the answer is not in gRPC's frames")

// Unframe are the messages of a body.
func Unframe(body []byte) (messages [][]byte, err error) {
	for len(body) > 0 {
		if len(body) < frameHead || body[0] != 0 {
			return nil, errFrame
		}
		n := int(binary.BigEndian.Uint32(body[1:]))
		if body = body[frameHead:]; len(body) < n {
			return nil, errFrame
		}
		messages, body = append(messages, body[:n]), body[n:]
	}
	return messages, nil
}

// Code is a status of gRPC.
type Code int

// The codes that somebody asks for by name.
const (
	OK            Code = 0
	Unknown       Code = 2
	Unimplemented Code = 12
)

var codes = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

// ParseCode reads a status as it is sent; false: it is none.
func ParseCode(text string) (Code, bool) {
	n, err := strconv.Atoi(text)
	return Code(n), err == nil && n >= 0
}

func (c Code) String() string {
	if int(c) < len(codes) {
		return codes[c]
	}
	return strconv.Itoa(int(c))
}

// NotDone tells a code by which the server says that it has done nothing: all others leave that open.
func (c Code) NotDone() bool {
	switch c.String() {
	case "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
		"UNIMPLEMENTED", "UNAUTHENTICATED":
		return true
	}
	return false
}

// Again tells a code of what may go well another time.
func (c Code) Again() bool {
	switch c.String() {
	case "UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED", "DEADLINE_EXCEEDED", "UNKNOWN", "INTERNAL":
		return true
	}
	return false
}
