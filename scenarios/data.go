package scenarios

import "slices"

// Data is a table that a load's requests take values from: row by row in turn (the first row is the first request's, or the
// first visit's where a session has steps), or a row drawn for each.
type Data struct {
	Name string `yaml:"-" json:"name"`
	// A CSV file with a header (.csv), or a JSON object in each line (.jsonl, .ndjson); 16 MiB and a million rows at most.
	// Its path is seen from the scenario's folder.
	//
	// File is absolute once it was read.
	File string `yaml:"file" need:"yes" json:"-"`
	// sequence (default): the rows in their order and again from the first, or random.
	By string `yaml:"by" enum:"sequence,random" json:"by,omitempty"`
	// Sum is of the file's bytes: a record has neither the rows nor where they came from.
	Sum     string     `yaml:"-" json:"sum"`
	Columns []string   `yaml:"-" json:"columns"`
	Rows    [][]string `yaml:"-" json:"-"`
}

// Column is the number of a column; -1 for none of that name.
func (d *Data) Column(name string) int {
	return slices.Index(d.Columns, name)
}

// Table is the load's table of a name; nil: it has none.
func (l *Load) Table(name string) *Data {
	for _, d := range l.Data {
		if d.Name == name {
			return d
		}
	}
	return nil
}
