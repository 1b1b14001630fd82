package node

import "encoding/binary"

// appendField puts a record's next field, a string, after its length.
func appendField(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// takeField takes the first field off b; a b that does not hold one gives "" and nothing left.
func takeField(b []byte) (string, []byte) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return "", nil
	}
	end := size + int(n)
	return string(b[size:end]), b[end:]
}
