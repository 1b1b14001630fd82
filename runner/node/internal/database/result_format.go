package database

import (
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/squallhq/squall/runner/node/internal/database/sqlengine"
)

// describe is the statement's row description in the given formats (as in Bind: none is all text, one is for all).
func (s *statement) describe(formats []int16) pgproto3.BackendMessage {
	if len(s.Fields) == 0 {
		return &pgproto3.NoData{}
	}
	d := &pgproto3.RowDescription{}
	for n, f := range s.Fields {
		d.Fields = append(d.Fields, pgproto3.FieldDescription{
			Name: []byte(f.Name), DataTypeOID: f.OID, DataTypeSize: sizeOf(f.OID), TypeModifier: -1, Format: formatOf(formats, n),
		})
	}
	return d
}

// sizeOf is how many bytes a type has in binary, -1 where that differs.
func sizeOf(oid uint32) int16 {
	switch oid {
	case pgtype.BoolOID:
		return 1
	case pgtype.Int2OID:
		return 2
	case pgtype.Int4OID, pgtype.Float4OID, pgtype.DateOID:
		return 4
	case pgtype.Int8OID, pgtype.Float8OID, pgtype.TimestamptzOID, pgtype.TimestampOID, pgtype.TimeOID:
		return 8
	case pgtype.UUIDOID:
		return 16
	}
	return -1
}

func formatOf(formats []int16, n int) int16 {
	switch {
	case len(formats) == 1:
		return formats[0]
	case n < len(formats):
		return formats[n]
	default:
		return pgtype.TextFormatCode
	}
}

// encode is a row's values in their formats.
func encode(row []any, fields []sqlengine.Field, formats []int16) (*pgproto3.DataRow, error) {
	out := &pgproto3.DataRow{Values: make([][]byte, len(row))}
	var err error
	for n, value := range row {
		if out.Values[n], err = sqlengine.Encode(fields[n].OID, formatOf(formats, n), value); err != nil {
			return nil, err
		}
	}
	return out, nil
}
