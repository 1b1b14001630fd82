package sqlengine

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// Decode is a parameter as it came over the wire (format 0 is text, 1 binary) as SQLite is to have it: nil, int64,
// float64, string or []byte.
func Decode(oid uint32, format int16, wire []byte) (any, error) {
	if wire == nil {
		return nil, nil
	}
	if oid == pgtype.TextOID { // the same in both formats
		return string(wire), nil
	}
	if isArray(oid) {
		return decodeArray(oid, format, wire)
	}
	if format == pgtype.TextFormatCode {
		return decodeText(oid, string(wire))
	}
	short := &Error{Code: "22P03", Message: "incorrect binary data format in bind parameter"}
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID:
		switch len(wire) {
		case 2:
			return int64(int16(binary.BigEndian.Uint16(wire))), nil
		case 4:
			return int64(int32(binary.BigEndian.Uint32(wire))), nil
		case 8:
			return int64(binary.BigEndian.Uint64(wire)), nil
		}
		return nil, short
	case pgtype.Float4OID, pgtype.Float8OID:
		switch len(wire) {
		case 4:
			return float64(math.Float32frombits(binary.BigEndian.Uint32(wire))), nil
		case 8:
			return math.Float64frombits(binary.BigEndian.Uint64(wire)), nil
		}
		return nil, short
	case pgtype.BoolOID:
		if len(wire) != 1 {
			return nil, short
		}
		return int64(wire[0]), nil
	case pgtype.ByteaOID:
		return append([]byte{}, wire...), nil
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID, pgtype.UnknownOID, pgtype.JSONOID:
		return string(wire), nil
	}
	return decodeOther(oid, wire)
}

func isArray(oid uint32) bool {
	for _, array := range arrays {
		if array == oid {
			return true
		}
	}
	return false
}

// decodeArray makes a list JSON, as = ANY($1) reads it.
func decodeArray(oid uint32, format int16, wire []byte) (any, error) {
	var list any = &[]string{}
	switch oid {
	case pgtype.Int2ArrayOID, pgtype.Int4ArrayOID, pgtype.Int8ArrayOID:
		list = &[]int64{}
	case pgtype.Float8ArrayOID:
		list = &[]float64{}
	}
	if err := pgtype.NewMap().Scan(oid, format, wire, list); err != nil {
		return nil, &Error{Code: "22P03", Message: "incorrect array in bind parameter: " + err.Error()}
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// decodeText reads what a client wrote as text.
func decodeText(oid uint32, s string) (any, error) {
	for name, known := range typeNames {
		if known != oid {
			continue
		}
		value, err := castValue(name, s)
		if b, is := value.(bool); is {
			return truth(b), err
		}
		return value, err
	}
	return s, nil
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// decodeOther reads the types whose binary form pgx knows.
func decodeOther(oid uint32, wire []byte) (any, error) {
	types := pgtype.NewMap()
	var err error
	switch oid {
	case pgtype.TimestamptzOID, pgtype.TimestampOID, pgtype.DateOID:
		var t time.Time
		if err = types.Scan(oid, pgtype.BinaryFormatCode, wire, &t); err == nil {
			return t.UTC().Format(map[uint32]string{pgtype.TimestamptzOID: momentForm, pgtype.TimestampOID: localForm, pgtype.DateOID: dateForm}[oid]), nil
		}
	case pgtype.NumericOID:
		var n pgtype.Numeric
		if err = types.Scan(oid, pgtype.BinaryFormatCode, wire, &n); err == nil {
			text, _ := n.Value() // it was read just now
			return castValue("numeric", fmt.Sprint(text))
		}
	case pgtype.UUIDOID, pgtype.JSONBOID, pgtype.TimeOID:
		var text string
		if err = types.Scan(oid, pgtype.BinaryFormatCode, wire, &text); err == nil {
			return text, nil
		}
	default:
		return nil, unsupported(fmt.Sprintf("parameters of type %d in binary", oid))
	}
	return nil, &Error{Code: "22P03", Message: "incorrect binary data format in bind parameter: " + err.Error()}
}

// Encode is a value as a column of a type is to be sent; nil is NULL.
func Encode(oid uint32, format int16, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case int64:
		switch oid {
		case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.BoolOID, pgtype.Float4OID, pgtype.Float8OID:
		default:
			value = strconv.FormatInt(v, 10)
		}
	case []byte:
		if oid != pgtype.ByteaOID {
			value = string(v)
		}
	}
	if format == pgtype.BinaryFormatCode {
		return encodeBinary(oid, value)
	}
	return encodeText(oid, value)
}

func mismatch(oid uint32, value any) error {
	return &Error{Code: "22P02", Message: fmt.Sprintf("a value of a result, %q, is not of its column's type (%d): a cast would say which it is to have", fmt.Sprint(value), oid)}
}

func encodeText(oid uint32, value any) ([]byte, error) {
	switch v := value.(type) {
	case int64:
		if oid == pgtype.BoolOID {
			return []byte{"ft"[v&1]}, nil
		}
		return strconv.AppendInt(nil, v, 10), nil
	case float64:
		return strconv.AppendFloat(nil, v, 'g', -1, 64), nil
	case []byte:
		return append([]byte(`\x`), hex.EncodeToString(v)...), nil
	case string:
		if oid != pgtype.TimestamptzOID && oid != pgtype.TimestampOID {
			return []byte(v), nil
		}
		if t, is := moment(v); is {
			form := "2006-01-02 15:04:05.999999"
			if oid == pgtype.TimestamptzOID {
				form += "+00"
			}
			return []byte(t.Format(form)), nil
		}
		return []byte(v), nil
	}
	return nil, mismatch(oid, value)
}

func encodeBinary(oid uint32, value any) ([]byte, error) {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.BoolOID:
		n, is := value.(int64)
		if f, floats := value.(float64); floats && f == math.Trunc(f) {
			n, is = int64(f), true
		}
		if !is {
			return nil, mismatch(oid, value)
		}
		return encodeWhole(oid, n)
	case pgtype.Float4OID, pgtype.Float8OID:
		var f float64
		switch v := value.(type) {
		case float64:
			f = v
		case int64:
			f = float64(v)
		default:
			return nil, mismatch(oid, value)
		}
		if oid == pgtype.Float4OID {
			return binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(f))), nil
		}
		return binary.BigEndian.AppendUint64(nil, math.Float64bits(f)), nil
	case pgtype.ByteaOID:
		if b, is := value.([]byte); is {
			return b, nil
		}
		return []byte(fmt.Sprint(value)), nil
	case pgtype.TimestamptzOID, pgtype.TimestampOID, pgtype.DateOID:
		t, ok := moment(fmt.Sprint(value))
		if !ok {
			return nil, mismatch(oid, value)
		}
		return pgtype.NewMap().Encode(oid, pgtype.BinaryFormatCode, t, nil)
	case pgtype.NumericOID:
		var n pgtype.Numeric
		text := fmt.Sprint(value)
		if f, is := value.(float64); is {
			text = strconv.FormatFloat(f, 'f', -1, 64)
		}
		if n.Scan(text) != nil {
			return nil, mismatch(oid, value)
		}
		return pgtype.NewMap().Encode(oid, pgtype.BinaryFormatCode, n, nil)
	case pgtype.UUIDOID:
		b, err := hex.DecodeString(strings.ReplaceAll(fmt.Sprint(value), "-", ""))
		if err != nil || len(b) != 16 {
			return nil, mismatch(oid, value)
		}
		return b, nil
	case pgtype.JSONBOID:
		return append([]byte{1}, fmt.Sprint(value)...), nil
	case pgtype.TimeOID:
		return pgtype.NewMap().Encode(oid, pgtype.BinaryFormatCode, fmt.Sprint(value), nil)
	}
	return encodeText(oid, value)
}

func encodeWhole(oid uint32, n int64) ([]byte, error) {
	switch oid {
	case pgtype.BoolOID:
		return []byte{byte(n & 1)}, nil
	case pgtype.Int2OID:
		if n != int64(int16(n)) {
			return nil, &Error{Code: "22003", Message: "smallint out of range"}
		}
		return binary.BigEndian.AppendUint16(nil, uint16(n)), nil
	case pgtype.Int4OID:
		if n != int64(int32(n)) {
			return nil, &Error{Code: "22003", Message: "integer out of range"}
		}
		return binary.BigEndian.AppendUint32(nil, uint32(n)), nil
	}
	return binary.BigEndian.AppendUint64(nil, uint64(n)), nil
}
