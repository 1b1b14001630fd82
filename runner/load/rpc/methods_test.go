package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/squallhq/squall/runner/load/rpc"
)

// files are a service whose messages stand in a file of their own, which needs another.
func files() map[string]*descriptorpb.FileDescriptorProto {
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type, of string) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{Name: proto.String(name), Number: proto.Int32(number), Type: kind.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
		if of != "" {
			f.TypeName = proto.String(of)
		}
		return f
	}
	file := func(name string, needs ...string) *descriptorpb.FileDescriptorProto {
		return &descriptorpb.FileDescriptorProto{Name: proto.String(name), Package: proto.String("shop"), Syntax: proto.String("proto3"), Dependency: needs}
	}
	service, messages, money := file("carts.proto", "messages.proto"), file("messages.proto", "money.proto"), file("money.proto")
	service.Service = []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Carts"), Method: []*descriptorpb.MethodDescriptorProto{
		{Name: proto.String("Get"), InputType: proto.String(".shop.Cart"), OutputType: proto.String(".shop.Cart")},
		{Name: proto.String("Watch"), InputType: proto.String(".shop.Cart"), OutputType: proto.String(".shop.Cart"), ServerStreaming: proto.Bool(true)},
	}}}
	messages.MessageType = []*descriptorpb.DescriptorProto{{Name: proto.String("Cart"), Field: []*descriptorpb.FieldDescriptorProto{
		field("id", 1, descriptorpb.FieldDescriptorProto_TYPE_INT64, ""), field("sum", 2, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, ".shop.Money"),
	}}}
	money.MessageType = []*descriptorpb.DescriptorProto{{Name: proto.String("Money"), Field: []*descriptorpb.FieldDescriptorProto{
		field("cents", 1, descriptorpb.FieldDescriptorProto_TYPE_INT32, ""),
	}}}
	return map[string]*descriptorpb.FileDescriptorProto{"carts.proto": service, "messages.proto": messages, "money.proto": money}
}

// terse is a server that tells one file at a time, by the older reflection alone, and counts what it was asked.
func terse(asked *[]string) rpc.Ask {
	all := files()
	return func(_ context.Context, path string, message []byte) ([][]byte, error) {
		*asked = append(*asked, path)
		if !strings.Contains(path, "v1alpha") {
			return nil, &rpc.Status{Code: rpc.Unimplemented}
		}
		number, _, n := protowire.ConsumeTag(message)
		value, _ := protowire.ConsumeBytes(message[n:])
		name := string(value)
		if number == 4 {
			name = map[string]string{"shop.Carts": "carts.proto"}[name]
		}
		if all[name] == nil {
			said := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 5)
			said = protowire.AppendString(protowire.AppendTag(said, 2, protowire.BytesType), "no "+string(value))
			return [][]byte{protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), said)}, nil
		}
		data, err := proto.Marshal(all[name])
		if err != nil {
			return nil, err
		}
		told := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), data)
		return [][]byte{protowire.AppendBytes(protowire.AppendTag(nil, 4, protowire.BytesType), told)}, nil
	}
}

// A server is asked for all that a method's messages are made of, once for all its requests, by the reflection that it has.
func TestAServerTellsOfItself(t *testing.T) {
	m, err := rpc.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	ask := terse(&asked)
	method, err := m.Find(t.Context(), "shop.Carts/Get", ask)
	if err != nil {
		t.Fatal(err)
	}
	message, err := method.Encode([]byte(`{"id": "7", "sum": {"cents": 250}}`))
	if err != nil {
		t.Fatal(err)
	}
	back, err := method.Decode(message)
	if text := strings.ReplaceAll(string(back), " ", ""); err != nil || text != `{"id":"7","sum":{"cents":250}}` {
		t.Errorf("%s, %v", back, err)
	}
	if back, err = method.Decode(nil); err != nil || !strings.Contains(string(back), `"id"`) {
		t.Errorf("an answer with nothing in it is %s, %v", back, err)
	}
	before := len(asked)
	if _, err := m.Find(t.Context(), "shop.Carts/Get", ask); err != nil || len(asked) != before || before != 4 {
		t.Errorf("asked %d times, then %d: %v", before, len(asked), err)
	}
	var mismatch *rpc.Mismatch
	for name, says := range map[string]string{"shop.Carts/Watch": "stream", "shop.Carts/Gte": "no method Gte"} {
		if _, err := m.Find(t.Context(), name, ask); !errors.As(err, &mismatch) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := method.Encode([]byte(`{"di": 1}`)); !errors.As(err, &mismatch) {
		t.Errorf("a message with another field: %v", err)
	}
	var status *rpc.Status
	if _, err := m.Find(t.Context(), "shop.Stock/Get", ask); !errors.As(err, &status) || status.Code.String() != "NOT_FOUND" {
		t.Errorf("a service that it has not: %v", err)
	}
}

// A body is whole frames and nothing else.
func TestFrames(t *testing.T) {
	two := append(rpc.Frame([]byte("a")), rpc.Frame(nil)...)
	if messages, err := rpc.Unframe(two); err != nil || fmt.Sprintf("%q", messages) != `["a" ""]` {
		t.Errorf("%q, %v", messages, err)
	}
	for _, bad := range []string{"\x00", "\x00\x00\x00\x00\x05ab", "\x01\x00\x00\x00\x00", "\x00\xff\xff\xff\xffa"} {
		if messages, err := rpc.Unframe([]byte(bad)); err == nil {
			t.Errorf("%q is read as %q", bad, messages)
		}
	}
}
