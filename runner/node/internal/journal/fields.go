package journal

import "encoding/binary"

// AppendField puts a record's next field, a string, after its length.
func AppendField(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// TakeField takes the first field off b; a b that does not hold one gives "" and nothing left.
func TakeField(b []byte) (string, []byte) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return "", nil
	}
	end := size + int(n)
	return string(b[size:end]), b[end:]
}
