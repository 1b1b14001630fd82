package compare

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// What chance alone would do. The draws have a root of their own that never changes: the same runs compare the same way every time.

// shuffles is how many ways of dealing chance are drawn where there are too many to go through; resamples how many bootstrap samples.
const (
	shuffles  = 5000
	resamples = 2000
)

func root() *rand.Rand { return rand.New(rand.NewPCG(20261129, 1)) }

// paired gives each row of differences, one a round, the chance that no row at all would look as much like a difference if the sides were the same in
// truth. Then a round's differences are as likely with all their signs turned, so its rows are turned together: the greatest of all rows' statistics
// under those turns (Westfall and Young's max T) keeps the chance of any false alarm in the whole table to the level, whatever depends on what.
func paired(rows [][]float64) []float64 {
	if len(rows) == 0 {
		return nil
	}
	rounds := len(rows[0])
	observed := make([]float64, len(rows))
	for i, row := range rows {
		observed[i] = turned(row, func(int) bool { return false })
	}
	atLeast := make([]int, len(rows))
	count := func(turn func(int) bool) {
		var most float64
		for _, row := range rows {
			most = max(most, turned(row, turn))
		}
		for i, o := range observed {
			if most >= o-1e-12 {
				atLeast[i]++
			}
		}
	}
	all := 0
	if rounds <= bits.Len(shuffles) {
		for mask := range 1 << rounds {
			count(func(i int) bool { return mask>>i&1 == 1 })
		}
		all = 1 << rounds
	} else {
		r := root()
		turns := make([]bool, rounds)
		for range shuffles {
			for i := range turns {
				turns[i] = r.Uint64()&1 == 1
			}
			count(func(i int) bool { return turns[i] })
		}
		for i := range atLeast {
			atLeast[i]++ // the sample itself
		}
		all = shuffles + 1
	}
	return shares(atLeast, all)
}

// turned is |sum| / sqrt(sum of squares) of differences with some signs turned: t, but for what the turns do not change.
func turned(row []float64, turn func(int) bool) float64 {
	var sum, squares float64
	for i, d := range row {
		if turn(i) {
			sum -= d
		} else {
			sum += d
		}
		squares += d * d
	}
	if squares == 0 {
		return 0
	}
	return math.Abs(sum) / math.Sqrt(squares)
}

// unpaired is paired for two groups of runs that nothing pairs: the runs are dealt anew, all rows of a run together.
func unpaired(a, b [][]float64) []float64 {
	if len(a) == 0 {
		return nil
	}
	n, of := len(a[0]), len(a[0])+len(b[0])
	joined := make([][]float64, len(a))
	observed := make([]float64, len(a))
	order := make([]int, of)
	for i := range order {
		order[i] = i
	}
	for i := range a {
		joined[i] = centred(slices.Concat(a[i], b[i]))
		observed[i] = dealt(joined[i], order, n)
	}
	atLeast := make([]int, len(a))
	count := func(order []int) {
		var most float64
		for _, row := range joined {
			most = max(most, dealt(row, order, n))
		}
		for i, o := range observed {
			if most >= o-1e-12 {
				atLeast[i]++
			}
		}
	}
	if all := deals(of, n); all <= shuffles && of <= 20 {
		combinations(of, n, count)
		return shares(atLeast, all)
	}
	r := root()
	for range shuffles {
		r.Shuffle(of, func(i, j int) { order[i], order[j] = order[j], order[i] })
		count(order)
	}
	for i := range atLeast {
		atLeast[i]++
	}
	return shares(atLeast, shuffles+1)
}

// centred are values as their distances from their mean in terms of their spread, 0 where they do not vary.
func centred(values []float64) []float64 {
	out := make([]float64, len(values))
	centre := meanOf(values)
	var squares, size float64
	for _, v := range values {
		squares += (v - centre) * (v - centre)
		size += v * v
	}
	if squares <= 1e-24*size {
		return out
	}
	for i, v := range values {
		out[i] = (v - centre) / math.Sqrt(squares)
	}
	return out
}

// dealt is how far the first n dealt lie from the centre of all, and so from the rest.
func dealt(row []float64, order []int, n int) float64 {
	var first float64
	for _, o := range order[:n] {
		first += row[o]
	}
	return math.Abs(first)
}

// deals is how many ways there are to deal n of so many.
func deals(of, n int) int {
	ways := 1.0
	for i := range n {
		ways = ways * float64(of-i) / float64(i+1)
	}
	return int(min(math.Round(ways), math.MaxInt32))
}

// combinations hands on an order for each way to deal n of so many.
func combinations(of, n int, hand func([]int)) {
	order := make([]int, of)
	for mask := range 1 << of {
		if bits.OnesCount(uint(mask)) != n {
			continue
		}
		first, rest := 0, n
		for i := range of {
			if mask>>i&1 == 1 {
				order[first] = i
				first++
			} else {
				order[rest] = i
				rest++
			}
		}
		hand(order)
	}
}

func shares(counts []int, of int) []float64 {
	out := make([]float64, len(counts))
	for i, n := range counts {
		out[i] = float64(n) / float64(of)
	}
	return out
}

// interval is where a statistic of a sample lies with 95 %, by the percentiles of bootstrap samples of the sample's own size.
func interval(n int, statistic func(draw []int) float64) (low, high float64) {
	r := root()
	draw := make([]int, n)
	values := make([]float64, resamples)
	for i := range values {
		for j := range draw {
			draw[j] = r.IntN(n)
		}
		values[i] = statistic(draw)
	}
	slices.Sort(values)
	return ends(values, n)
}

// ends are the percentiles of sorted bootstrap values that hold 95 % for samples of n. A bootstrap of few is too narrow, by sqrt((n-1)/n) and by the
// normal distribution in place of Student's: the percentiles are taken so much further out (the expanded percentile interval).
func ends(values []float64, n int) (low, high float64) {
	if n < 2 {
		return values[0], values[len(values)-1]
	}
	beyond := math.Erfc(math.Sqrt(float64(n)/float64(n-1))*student(n-1)/math.Sqrt2) / 2
	at := min(int(beyond*float64(len(values))), (len(values)-1)/2)
	return values[at], values[len(values)-1-at]
}

// student is the 97.5th percentile of Student's distribution, by its expansion around the normal one's: to 1 % from 3 degrees of freedom on, and
// short of it below, where nothing is told.
func student(freedom int) float64 {
	const z = 1.959964
	v := float64(freedom)
	z3, z5, z7 := z*z*z, math.Pow(z, 5), math.Pow(z, 7)
	return z + (z3+z)/(4*v) + (5*z5+16*z3+3*z)/(96*v*v) + (3*z7+19*z5+17*z3-15*z)/(384*v*v*v)
}

// mean of the drawn ones.
func mean(of []float64, draw []int) float64 {
	var sum float64
	for _, i := range draw {
		sum += of[i]
	}
	return sum / float64(len(draw))
}

func meanOf(of []float64) float64 {
	var sum float64
	for _, v := range of {
		sum += v
	}
	return sum / float64(len(of))
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
