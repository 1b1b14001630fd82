package scenarios

import (
	"bytes"
	_ "embed"
)

//go:embed squall.schema.json
var schemaFile []byte

// Schema is the language's JSON schema (draft-07), for editors:
//
//	# yaml-language-server: $schema=squall.schema.json
//
// It says what the types say: keys, words, spellings. What needs meaning only Parse can tell.
func Schema() []byte { return bytes.Clone(schemaFile) }
