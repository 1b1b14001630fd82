package link

import "time"

// end is how a direction of a connection ends.
type end uint8

const (
	endNone  end = iota
	endFIN       // end of file: the other direction may go on
	endReset     // a reset of the whole connection
	endClose     // end of file on both sides: a toxic has closed the connection
)

// piece is what one read brought, on its way from one side to the other. It has data or an end.
type piece struct {
	data []byte
	// at is when it came to where it is now: the time at which the stage before let it go, not the time
	// at which a goroutine got round to it, so that lateness does not add up from stage to stage.
	at time.Time
	// request is the number of the request that it belongs to, from 1.
	request int64
	end     end
}

// fifo is a queue of pieces that knows how many bytes it holds.
type fifo struct {
	pieces []piece
	bytes  int
}

func (q *fifo) push(p piece) {
	q.pieces = append(q.pieces, p)
	q.bytes += len(p.data)
}

func (q *fifo) empty() bool { return len(q.pieces) == 0 }

func (q *fifo) pop() piece {
	p := q.pieces[0]
	q.pieces[0] = piece{} // the array outlives the piece
	q.pieces = q.pieces[1:]
	if len(q.pieces) == 0 {
		q.pieces = nil
	}
	q.bytes -= len(p.data)
	return p
}

func (q *fifo) takeAll() []piece {
	all := q.pieces
	*q = fifo{}
	return all
}
