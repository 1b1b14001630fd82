package sqlengine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// A record is what a transaction has changed, byte for byte, in the order of the pages (but see waiting.go):
//
//	p | waiting rows that it covers | pages in the file | number of the page, ranges in it | gap since the last range, its length, its bytes | ...
//
// Every number is a uvarint. So a record needs nothing but the state before it: replaying it takes no SQL, no clock
// and no chance, and is a copy of some hundred bytes.

// MaxRecord bounds a record, and with it a transaction.
const MaxRecord = 2 << 20

var errTooLong = &Error{Code: "54000", Message: fmt.Sprintf("the transaction changes more than the %d bytes that the built-in database writes at once", MaxRecord)}

// take ends a commit of the writer's: its record, which covers so many waiting rows; nil if it has changed nothing.
func (p *pages) take(covers int) ([]byte, error) {
	p.mu.Lock()
	numbers := make([]uint32, 0, 8)
	for number := range p.changed {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	record := binary.AppendUvarint(append(make([]byte, 0, 512), recordPages), uint64(covers))
	record = binary.AppendUvarint(record, uint64(len(p.tip)))
	c := commit{count: len(p.tip)}
	for _, number := range numbers {
		old := p.changed[number]
		if old == nil {
			old = &blank
		}
		record = appendChanges(record, number, old, p.tip[number])
		c.numbers, c.pages = append(c.numbers, number), append(c.pages, p.tip[number])
	}
	p.mu.Unlock()
	switch {
	case len(numbers) == 0:
		return nil, nil
	case len(record) > MaxRecord:
		p.forget()
		return nil, errTooLong
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.changed)
	p.commits = append(p.commits, c)
	return record, nil
}

// appendChanges puts the ranges in which two versions of a page differ. They are found by words of 8 bytes; what is
// the same at a range's ends is cut off.
func appendChanges(record []byte, number uint32, old, now page) []byte {
	type span struct{ from, to int }
	var few [32]span
	spans := few[:0]
	for at := 0; at < pageSize; at += 8 {
		if binary.LittleEndian.Uint64(old[at:]) == binary.LittleEndian.Uint64(now[at:]) {
			continue
		}
		if last := len(spans) - 1; last >= 0 && spans[last].to == at {
			spans[last].to = at + 8
		} else {
			spans = append(spans, span{at, at + 8})
		}
	}
	for n := range spans {
		s := &spans[n]
		for old[s.from] == now[s.from] {
			s.from++
		}
		for old[s.to-1] == now[s.to-1] {
			s.to--
		}
	}
	record = binary.AppendUvarint(record, uint64(number))
	record = binary.AppendUvarint(record, uint64(len(spans)))
	before := 0
	for _, s := range spans {
		record = binary.AppendUvarint(record, uint64(s.from-before))
		record = binary.AppendUvarint(record, uint64(s.to-s.from))
		record = append(record, now[s.from:s.to]...)
		before = s.to
	}
	return record
}

// mostPages bounds a database: 4 GB, which no run comes near.
const mostPages = 1 << 20

var errRecord = errors.New("record is not one of this database's")

// patch makes both views what the record says. Only for records of others: there is no commit of one's own then.
func (p *pages) patch(record []byte) error {
	count, record, err := number(record, mostPages)
	if err != nil {
		return err
	}
	p.resize(&p.durable, count)
	p.resize(&p.tip, count)
	for len(record) > 0 {
		var at, ranges int
		if at, record, err = number(record, count); err != nil {
			return err
		}
		if ranges, record, err = number(record, pageSize+1); err != nil {
			return err
		}
		if p.durable[at] == nil {
			p.durable[at] = new([pageSize]byte)
		}
		p.tip[at] = p.durable[at]
		if record, err = patchPage(p.durable[at], record, ranges); err != nil {
			return err
		}
	}
	return nil
}

func patchPage(to page, record []byte, ranges int) (rest []byte, err error) {
	at := 0
	for range ranges {
		var gap, length int
		if gap, record, err = number(record, pageSize+1); err != nil {
			return nil, err
		}
		if length, record, err = number(record, pageSize+1); err != nil {
			return nil, err
		}
		at += gap
		if length > len(record) || at+length > pageSize {
			return nil, errRecord
		}
		copy(to[at:], record[:length])
		record, at = record[length:], at+length
	}
	return record, nil
}

// number takes a number below limit off a record.
func number(record []byte, limit int) (int, []byte, error) {
	n, size := binary.Uvarint(record)
	if size <= 0 || n >= uint64(limit) {
		return 0, nil, errRecord
	}
	return int(n), record[size:], nil
}
