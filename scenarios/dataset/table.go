// Package dataset reads tables from the text of files: CSV with a header, or a JSON object in each line. It opens no file.
package dataset

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a table, so that no file exhausts memory.
const (
	MaxBytes   = 16 << 20
	MaxRows    = 1_000_000
	MaxColumns = 256
	// MaxCells is rows times columns.
	MaxCells = 4_000_000
)

// Table is what a file has: every row has a value for each column.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Mistake is what is wrong with a file, and where; Line and Column count from 1.
type Mistake struct {
	Line, Column int
	What, Fix    string
}

func (m *Mistake) Error() string {
	return fmt.Sprintf("%d:%d: %s; %s", m.Line, m.Column, m.What, m.Fix)
}

// Read reads a table; the name's ending says how it is written. Its error is a Mistake.
func Read(name string, data []byte) (Table, error) {
	if len(data) > MaxBytes {
		return Table{}, &Mistake{1, 1, fmt.Sprintf("the file has more than %d bytes", MaxBytes), "use fewer rows or columns"}
	}
	data = []byte(strings.TrimPrefix(string(data), "\ufeff"))
	var t Table
	var err error
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		t, err = readCSV(data)
	case ".jsonl", ".ndjson":
		t, err = readLines(data)
	default:
		return Table{}, &Mistake{1, 1, fmt.Sprintf("nobody knows how %q is written", filepath.Base(name)), "end its name in .csv, .jsonl or .ndjson"}
	}
	if err == nil && len(t.Rows) == 0 {
		err = &Mistake{1, 1, "the file has no rows", "add one, below the header where it is CSV"}
	}
	if err != nil {
		return Table{}, err
	}
	return t, nil
}

var columnName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (t *Table) header(names []string) *Mistake {
	if len(names) > MaxColumns {
		return &Mistake{1, 1, fmt.Sprintf("there are %d columns", len(names)), fmt.Sprintf("use %d at most", MaxColumns)}
	}
	for i, name := range names {
		if !columnName.MatchString(name) {
			return &Mistake{1, 1, fmt.Sprintf("%.40q can't be the name of a column", name), "use letters, digits, dashes and _; the first line of a CSV file names its columns"}
		}
		if slices.Contains(names[:i], name) {
			return &Mistake{1, 1, fmt.Sprintf("there are two columns %q", name), "rename one of them"}
		}
	}
	t.Columns = names
	return nil
}

func (t *Table) add(row []string, line int) *Mistake {
	if len(t.Rows) >= MaxRows || (len(t.Rows)+1)*len(t.Columns) > MaxCells {
		return &Mistake{line, 1, fmt.Sprintf("there are more than %d rows, or %d values", MaxRows, MaxCells), "use fewer"}
	}
	t.Rows = append(t.Rows, row)
	return nil
}

func readCSV(data []byte) (Table, error) {
	var t Table
	if at := invalid(data); at != nil {
		return t, at
	}
	r := csv.NewReader(strings.NewReader(string(data)))
	names, err := r.Read()
	if err != nil {
		return t, ofCSV(err, nil)
	}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	if m := t.header(names); m != nil {
		return t, m
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return t, ofCSV(err, t.Columns)
		}
		line, _ := r.FieldPos(0)
		if m := t.add(row, line); m != nil {
			return t, m
		}
	}
}

// ofCSV is a mistake as the CSV reader tells it.
func ofCSV(err error, columns []string) error {
	var at *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return &Mistake{1, 1, "the file is empty", "name the columns in its first line"}
	case !errors.As(err, &at):
		return &Mistake{1, 1, err.Error(), "write CSV"}
	case errors.Is(err, csv.ErrFieldCount):
		return &Mistake{at.Line, max(at.Column, 1), "the row does not have a value for each column", fmt.Sprintf("give it %d values", len(columns))}
	}
	return &Mistake{at.Line, max(at.Column, 1), "the file is not CSV: " + at.Err.Error(), `put a value that has a " in it in quotes, and write the " twice`}
}

func invalid(data []byte) error {
	if utf8.Valid(data) {
		return nil
	}
	line := 1
	for text := range strings.Lines(string(data)) {
		if !utf8.ValidString(text) {
			return &Mistake{line, 1, "the line is not UTF-8 text", "save the file as UTF-8"}
		}
		line++
	}
	return &Mistake{1, 1, "the file is not UTF-8 text", "save it as UTF-8"}
}

func readLines(data []byte) (Table, error) {
	var t Table
	if at := invalid(data); at != nil {
		return t, at
	}
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		if strings.TrimSpace(text) == "" {
			continue
		}
		names, values, err := object(text)
		if err != nil {
			return t, &Mistake{line, 1, "the line is not a JSON object: " + err.Error(), `write {"name": "value"} in each line`}
		}
		if t.Columns == nil {
			if m := t.header(names); m != nil {
				m.Line = line
				return t, m
			}
		}
		row := make([]string, len(t.Columns))
		for i, name := range t.Columns {
			value, there := values[name]
			if !there {
				return t, &Mistake{line, 1, fmt.Sprintf("the object has no %q, which the first one has", name), "give every object the same names"}
			}
			row[i] = value
		}
		if m := t.add(row, line); m != nil {
			return t, m
		}
	}
	return t, nil
}

// object reads one object: its names in their order, and its values as texts: a string without quotes, null as nothing,
// anything else as JSON.
func object(text string) (names []string, values map[string]string, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	open, err := d.Token()
	if err != nil {
		return nil, nil, err
	}
	if open != json.Delim('{') {
		return nil, nil, fmt.Errorf("it begins with %v", open)
	}
	values = map[string]string{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		name, _ := key.(string)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, nil, err
		}
		value := string(raw)
		var s string
		switch {
		case value == "null":
			value = ""
		case json.Unmarshal(raw, &s) == nil:
			value = s
		}
		if _, twice := values[name]; !twice {
			names = append(names, name)
		}
		values[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("something stands after it")
	}
	return names, values, nil
}
