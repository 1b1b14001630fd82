package language

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

const withData = `scenario: data
topology: {api: {kind: service, endpoints: {"GET /{x}": []}}}
load: {users: {to: api, rate: 1/s, data: {rows: rows.csv}, requests: [{send: "GET /{rows.a}"}, {send: "GET /b?{rows.a}", file: body.bin}]}}
phases: [{name: steady, for: 1s}]
`

// Files are seen from the scenario's folder, wherever one stands; what is in them makes another scenario, where they are does not;
// and a scenario as run finds them from the folder of its run.
func TestFilesBesideAScenario(t *testing.T) {
	t.Parallel()
	made := func(rows string) *Document {
		dir := t.TempDir()
		for name, text := range map[string]string{"x.yaml": withData, "rows.csv": rows, "body.bin": "\x00\x01"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		doc, err := LoadFile(filepath.Join(dir, "x.yaml"), "")
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	first, moved, other := made("a\n1\n"), made("a\n1\n"), made("a\n2\n")
	if first.Loads[0].Data[0].Rows[0][0] != "1" || string(first.Loads[0].Requests[1].File.Bytes) != "\x00\x01" {
		t.Fatalf("read %+v", first.Loads[0].Data[0])
	}
	if first.Loads[0].Data[0].Sum != moved.Loads[0].Data[0].Sum || first.Loads[0].Data[0].Sum == other.Loads[0].Data[0].Sum {
		t.Error("the sum is not of what is in the file alone")
	}
	asRun, err := first.AsRun(1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(filepath.Join(t.TempDir(), "scenario.yaml"), asRun, "")
	if err != nil {
		t.Fatalf("%v\n%s", err, asRun)
	}
	again.Seed = first.Seed
	if !first.Equal(again.Scenario) {
		t.Errorf("as run it is another scenario:\n%s", asRun)
	}
}

// What can't be read to an end is not read.
func TestFilesAreBounded(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/dev/zero", "/", "/nowhere/x"} {
		if _, what := readBounded(path, path, 10); what == "" {
			t.Errorf("%s was read", path)
		}
	}
	long := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(long, []byte(strings.Repeat("x", 11)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, what := readBounded(long, "long", 10); !strings.Contains(what, "more than 10 bytes") {
		t.Errorf("told %q", what)
	}
}

// What a file of descriptors has not is told at the request that asks for it, with what is near; a file that is none is told at its key.
func TestDescriptorsOfALoad(t *testing.T) {
	t.Parallel()
	unary := &descriptorpb.MethodDescriptorProto{Name: proto.String("Get"), InputType: proto.String(".shop.Cart"), OutputType: proto.String(".shop.Cart")}
	stream := proto.Clone(unary).(*descriptorpb.MethodDescriptorProto)
	stream.Name, stream.ServerStreaming = proto.String("Watch"), proto.Bool(true)
	set, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: proto.String("shop.proto"), Package: proto.String("shop"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("Cart")}},
		Service:     []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Carts"), Method: []*descriptorpb.MethodDescriptorProto{unary, stream}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ method, file, want string }{
		{"shop.Carts/Get", string(set), ""},
		{"shop.Carts/Gte", string(set), `x.yaml:3:79: as the descriptors have it, service shop.Carts has no method Gte; did you mean "shop.Carts/Get"?`},
		{"shop.Carts/Watch", string(set), `x.yaml:3:79: as the descriptors have it, shop.Carts/Watch is a stream, and not asked once and answered once;`},
		{"shop.Cart/Get", string(set), `x.yaml:3:79: as the descriptors have it, shop.Cart is no service;`},
		{"shop.Carts/Get", "syntax = \"proto3\";", `x.yaml:3:49: "shop.binpb" can't be used: it is no set of descriptors; make it with protoc --include_imports --descriptor_set_out=FILE`},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "shop.binpb"), []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		text := "scenario: rpc\ntopology: {web: {kind: image, image: x}}\n" +
			"load: {users: {to: web, rate: 1/s, descriptors: shop.binpb, requests: [{grpc: " + c.method + "}]}}\nphases: [{name: p, for: 1s}]\n"
		doc, err := Parse(filepath.Join(dir, "x.yaml"), []byte(text), "")
		if c.want == "" {
			if err != nil || len(doc.Loads[0].Descriptors.Bytes) != len(set) {
				t.Errorf("%s: %v", c.method, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.method, err, c.want)
		}
	}
}
