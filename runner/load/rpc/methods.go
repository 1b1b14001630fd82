package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/squallhq/squall/scenarios/protofile"
)

// Methods are those of a server, as a file says, or as the server itself does when it is first asked for one.
type Methods struct {
	files *protoregistry.Files // nil: the server is asked

	mu    sync.Mutex
	known map[string]Method
}

// Ask sends a message to a method, by its path, and gives the messages of the answer. A status other than OK is a *Status.
type Ask func(ctx context.Context, path string, message []byte) ([][]byte, error)

// Status is what a server says in place of an answer.
type Status struct {
	Code Code
	Said string
}

func (s *Status) Error() string { return s.Code.String() + ": " + s.Said }

// New are the methods of a set of descriptors; without one the server is asked.
func New(descriptors []byte) (*Methods, error) {
	m := &Methods{known: map[string]Method{}}
	if descriptors == nil {
		return m, nil
	}
	var err error
	m.files, err = protofile.Read(descriptors)
	return m, err
}

// Find is a method by its name, as in shop.Carts/Get. One that is not there, or streams, is a *Mismatch.
func (m *Methods) Find(ctx context.Context, name string, ask Ask) (Method, error) {
	m.mu.Lock()
	defer m.mu.Unlock() // the first asks the server, and the others wait for what comes of it
	if found, is := m.known[name]; is {
		return found, nil
	}
	if ctx.Err() != nil { // it came too late for its user
		return Method{}, context.Cause(ctx)
	}
	files := m.files
	if files == nil {
		var err error
		service, _, _ := strings.Cut(name, "/")
		if files, err = reflected(ctx, service, ask); err != nil {
			return Method{}, err
		}
	}
	descriptor, err := protofile.Method(files, name)
	if err != nil {
		return Method{}, &Mismatch{err}
	}
	m.known[name] = Method{descriptor}
	return m.known[name], nil
}

// The reflection services, the newer first, and the fields of their messages (grpc/reflection/v1/reflection.proto).
var reflections = []string{"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}

const (
	fileByName      = 3
	fileWithSymbol  = 4
	answerFiles     = 4
	answerError     = 7
	filesDescriptor = 1
	errorCode       = 1
	errorMessage    = 2
)

// reflected asks a server for all that its service is made of.
func reflected(ctx context.Context, service string, ask Ask) (*protoregistry.Files, error) {
	path := reflections[0]
	set := &descriptorpb.FileDescriptorSet{}
	err := tell(ctx, ask, path, fileWithSymbol, service, set)
	if s, is := errors.AsType[*Status](err); is && s.Code == Unimplemented {
		path = reflections[1]
		err = tell(ctx, ask, path, fileWithSymbol, service, set)
	}
	if err != nil {
		return nil, fmt.Errorf("ask the server for its service %s (reflection): %w", service, err)
	}
	for {
		name := missing(set)
		if name == "" {
			break
		}
		if err := tell(ctx, ask, path, fileByName, name, set); err != nil {
			return nil, fmt.Errorf("ask the server for %s (reflection): %w", name, err)
		}
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, &Mismatch{fmt.Errorf("what the server says of itself does not go together: %w", err)}
	}
	return files, nil
}

// missing is a file that another needs and that nobody has told yet; "" where none is.
func missing(set *descriptorpb.FileDescriptorSet) string {
	there := map[string]bool{}
	for _, f := range set.File {
		there[f.GetName()] = true
	}
	for _, f := range set.File {
		for _, name := range f.GetDependency() {
			if !there[name] {
				return name
			}
		}
	}
	return ""
}

var errReflection = errors.New("the answer tells nothing new")

// tell adds the files that a server tells in answer to one question.
func tell(ctx context.Context, ask Ask, path string, field protowire.Number, value string, set *descriptorpb.FileDescriptorSet) error {
	question := protowire.AppendString(protowire.AppendTag(nil, field, protowire.BytesType), value)
	answers, err := ask(ctx, path, question)
	if err != nil {
		return err
	}
	before := len(set.File)
	for _, answer := range answers {
		files, status, err := toldIn(answer)
		if err != nil {
			return err
		}
		if status != nil {
			return status
		}
		for _, data := range files {
			f := &descriptorpb.FileDescriptorProto{}
			if err := proto.Unmarshal(data, f); err != nil {
				return fmt.Errorf("read a descriptor: %w", err)
			}
			if !has(set, f.GetName()) {
				set.File = append(set.File, f)
			}
		}
	}
	if len(set.File) == before {
		return errReflection
	}
	return nil
}

func has(set *descriptorpb.FileDescriptorSet, name string) bool {
	for _, f := range set.File {
		if f.GetName() == name {
			return true
		}
	}
	return false
}

// toldIn are the descriptors in an answer, or what it says in their place.
func toldIn(answer []byte) (files [][]byte, status *Status, err error) {
	err = fields(answer, func(number protowire.Number, data []byte, _ uint64) error {
		switch number {
		case answerFiles:
			return fields(data, func(number protowire.Number, data []byte, _ uint64) error {
				if number == filesDescriptor {
					files = append(files, data)
				}
				return nil
			})
		case answerError:
			status = &Status{Code: Unknown}
			return fields(data, func(number protowire.Number, data []byte, value uint64) error {
				switch number {
				case errorCode:
					status.Code = Code(value)
				case errorMessage:
					status.Said = string(data)
				}
				return nil
			})
		}
		return nil
	})
	return files, status, err
}

// fields visits the fields of a message: a text or message as data, a number as value.
func fields(message []byte, visit func(number protowire.Number, data []byte, value uint64) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var data []byte
		var value uint64
		switch kind {
		case protowire.BytesType:
			data, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := visit(number, data, value); err != nil {
			return err
		}
	}
	return nil
}
