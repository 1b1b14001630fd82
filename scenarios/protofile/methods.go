// Package protofile knows the methods of gRPC services from their descriptors, as protoc writes them or a server tells them. It opens
// no file.
package protofile

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Read reads a set of descriptors, as protoc --include_imports --descriptor_set_out writes it.
func Read(data []byte) (*protoregistry.Files, error) {
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(data, &set); err != nil || len(set.File) == 0 {
		return nil, fmt.Errorf("it is no set of descriptors")
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, fmt.Errorf("its descriptors do not go together: %w", err)
	}
	return files, nil
}

// Method finds a method by its name, as in shop.Carts/Get. The error says what is wrong: no such one, or one that streams.
func Method(files *protoregistry.Files, name string) (protoreflect.MethodDescriptor, error) {
	service, method, _ := strings.Cut(name, "/")
	found, err := files.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return nil, fmt.Errorf("there is no service %s", service)
	}
	s, is := found.(protoreflect.ServiceDescriptor)
	if !is {
		return nil, fmt.Errorf("%s is no service", service)
	}
	m := s.Methods().ByName(protoreflect.Name(method))
	if m == nil {
		return nil, fmt.Errorf("service %s has no method %s", service, method)
	}
	if m.IsStreamingClient() || m.IsStreamingServer() {
		return nil, fmt.Errorf("%s is a stream, and not asked once and answered once", name)
	}
	return m, nil
}

// Names are all methods that are asked once and answer once.
func Names(files *protoregistry.Files) (names []string) {
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				if m := s.Methods().Get(j); !m.IsStreamingClient() && !m.IsStreamingServer() {
					names = append(names, string(s.FullName())+"/"+string(m.Name()))
				}
			}
		}
		return true
	})
	return names
}
