package sqlengine

import (
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"
)

// index is a parameter's place, from 0.
func index(t token) int {
	n, _ := strconv.Atoi(t.text) // the lexer has read it
	return n - 1
}

// parameters finds out the types of $1, $2, ...; what a client has said it means (0: nothing) stays.
func (i *inference) parameters(said []uint32) {
	count := len(said)
	for _, t := range i.all {
		if t.kind == param {
			count = max(count, index(t)+1)
		}
	}
	i.params = make([]uint32, count)
	copy(i.params, said)
	positions := i.insertPositions()
	for n, t := range i.all {
		if t.kind == param && i.params[index(t)] == 0 {
			oid := positions[n]
			if oid == 0 {
				oid = i.wanted(n)
			}
			i.params[index(t)] = oid
		}
	}
	for n := range i.params {
		if i.params[n] == 0 {
			i.params[n] = pgtype.TextOID
		}
	}
}

// wanted is the type that stands to reason for the parameter at a place: that of what it is compared or reckoned with.
func (i *inference) wanted(n int) uint32 {
	all := i.all
	before, next := token{}, token{}
	if n > 0 {
		before = all[n-1]
	}
	if n+1 < len(all) {
		next = all[n+1]
	}
	switch {
	case n >= 2 && anyOf(all, n-2) == n && n >= 4:
		return arrays[i.of(all[start(all, n-4):n-3])]
	case next.is("::"):
		if t, _, err := typeAt(all, n+2); err == nil {
			return t.oid
		}
		return 0
	case next.is("as") && n >= 2 && before.is("(") && all[n-2].is("cast"):
		if t, _, err := typeAt(all, n+2); err == nil {
			return t.oid
		}
		return 0
	case before.is("limit"), before.is("offset"):
		return pgtype.Int8OID
	case comparison(before) && n >= 2:
		return i.beside(start(all, n-2), n-1)
	case before.is("between") && n >= 2:
		return i.of(all[start(all, n-2) : n-1])
	case before.is("and") && n >= 4 && all[n-3].is("between"):
		return i.of(all[start(all, n-4) : n-3])
	case comparison(next) && n+2 < len(all):
		return i.of(all[n+2 : after(all, n+2)])
	case before.is("(") || before.is(","):
		return i.inList(n)
	}
	return 0
}

// arrays are the types of lists, by the type of what is in them.
var arrays = map[uint32]uint32{
	0: pgtype.TextArrayOID, pgtype.TextOID: pgtype.TextArrayOID, pgtype.VarcharOID: pgtype.TextArrayOID, pgtype.UUIDOID: pgtype.UUIDArrayOID,
	pgtype.Int2OID: pgtype.Int2ArrayOID, pgtype.Int4OID: pgtype.Int4ArrayOID, pgtype.Int8OID: pgtype.Int8ArrayOID, pgtype.Float8OID: pgtype.Float8ArrayOID,
}

// beside is the type of the operand of an operator that ends at end, the sum or product that it is part of left out.
func (i *inference) beside(from, end int) uint32 { return i.of(i.all[from:end]) }

func comparison(t token) bool {
	if t.kind != operator {
		return false
	}
	switch t.text {
	case "=", "<", ">", "<=", ">=", "<>", "!=", "+", "-", "*", "/", "%":
		return true
	}
	return false
}

// inList is the type of a parameter among others in brackets: of a call, or of IN.
func (i *inference) inList(n int) uint32 {
	open, depth := n-1, 0
	for ; open >= 0; open-- {
		if i.all[open].is(")") {
			depth++
		}
		if i.all[open].is("(") {
			if depth == 0 {
				break
			}
			depth--
		}
	}
	if open < 1 {
		return 0
	}
	switch callee := i.all[open-1]; {
	case callee.is("in"):
		end := open - 1
		if i.all[end-1].is("not") {
			end--
		}
		return i.of(i.all[start(i.all, end-1):end])
	case callee.is("pg_sleep"), callee.is("to_timestamp"):
		return pgtype.Float8OID
	case callee.name() && !keyword(callee):
		return i.call(callee.text, i.all[open+1:closing(i.all, open)])
	}
	return 0
}

// insertPositions are the types of parameters that stand for a column of their own in an INSERT.
func (i *inference) insertPositions() map[int]uint32 {
	all := i.all
	into := find(all, 0, "into")
	if into < 1 || into+1 >= len(all) || !all[into-1].is("insert") {
		return nil
	}
	table := i.columns.tables[all[into+1].text]
	at := into + 2
	if at+1 < len(all) && all[at].is("as") {
		at += 2
	}
	if at < len(all) && all[at].is("(") {
		var named []column
		end := closing(all, at)
		for _, part := range split(all[at+1 : end]) {
			c := column{}
			for _, have := range table {
				if len(part) == 1 && have.name == part[0].text {
					c = have
				}
			}
			named = append(named, c)
		}
		table, at = named, end+1
	}
	positions := make(map[int]uint32)
	place := func(from, to int) {
		offset := from
		for n, part := range split(all[from:to]) {
			if n < len(table) && len(part) == 1 && part[0].kind == param {
				positions[offset] = table[n].oid
			}
			offset += len(part) + 1
		}
	}
	if at >= len(all) {
		return positions
	}
	switch {
	case all[at].is("values"):
		for at++; at < len(all) && all[at].is("("); {
			end := closing(all, at)
			place(at+1, end)
			if at = end + 1; at < len(all) && all[at].is(",") {
				at++
			}
		}
	case all[at].is("select"):
		end := find(all, at, "from", "where", "group", "order", "limit", "union", "on")
		if end < 0 {
			end = len(all)
		}
		place(at+1, end)
	}
	return positions
}
