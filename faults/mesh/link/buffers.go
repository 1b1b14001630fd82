package link

import "sync"

// bufferBytes is what one read can bring. A read that fills it is taken for bulk.
const bufferBytes = 16 << 10

// buffers are pooled for the process, as memory is.
var buffers = sync.Pool{New: func() any { b := make([]byte, bufferBytes); return &b }}

func getBuffer() *[]byte {
	b, _ := buffers.Get().(*[]byte)
	return b
}

func putBuffer(b *[]byte) { buffers.Put(b) }
