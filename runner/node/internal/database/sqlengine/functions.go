package sqlengine

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// circumstances are what the functions of a statement see: when its transaction began, its chance, and what it owes:
// pg_sleep takes no time within the engine, it adds up what its statement's answer is to wait for.
type circumstances struct {
	now   time.Time
	rand  *rand.Rand
	sleep time.Duration
}

type function = func(c *circumstances, args []sqlite3.Value) (any, error)

// functions are PostgreSQL's that SQLite lacks or understands differently, by name; -1 takes any number of arguments.
var functions = []struct {
	name  string
	count int
	pure  bool
	do    function
}{
	{"now", 0, false, timestampNow}, {"transaction_timestamp", 0, false, timestampNow}, {"statement_timestamp", 0, false, timestampNow},
	{"clock_timestamp", 0, false, func(*circumstances, []sqlite3.Value) (any, error) { return time.Now().UTC().Format(momentForm), nil }},
	{"pg_sleep", 1, false, pgSleep},
	{"random", 0, false, func(c *circumstances, _ []sqlite3.Value) (any, error) { return c.rand.Float64(), nil }},
	{"randomblob", 1, false, func(*circumstances, []sqlite3.Value) (any, error) { return nil, unsupported("randomblob") }},
	{"gen_random_uuid", 0, false, randomUUID},
	{"squall_cast", 2, true, func(_ *circumstances, args []sqlite3.Value) (any, error) {
		return castValue(args[0].Text(), valueOf(args[1]))
	}},
	{"squall_interval", 3, true, addInterval},
	{"date_trunc", 2, true, dateTrunc}, {"date_part", 2, true, datePart},
	{"to_timestamp", 1, true, func(_ *circumstances, args []sqlite3.Value) (any, error) {
		return time.UnixMicro(int64(args[0].Float() * 1e6)).UTC().Format(momentForm), nil
	}},
	{"match", 2, true, func(_ *circumstances, args []sqlite3.Value) (any, error) { return like(args, true) }},
	{"like", 2, true, func(_ *circumstances, args []sqlite3.Value) (any, error) { return like(args, false) }},
	{"regexp", 2, true, matchRegexp},
	{"md5", 1, true, func(_ *circumstances, args []sqlite3.Value) (any, error) {
		sum := md5.Sum(args[0].Blob(nil))
		return hex.EncodeToString(sum[:]), nil
	}},
	{"version", 0, true, func(*circumstances, []sqlite3.Value) (any, error) { return "PostgreSQL 15.0 (squall)", nil }},
	{"current_database", 0, true, func(*circumstances, []sqlite3.Value) (any, error) { return "squall", nil }},
	{"current_schema", 0, true, func(*circumstances, []sqlite3.Value) (any, error) { return "public", nil }},
	{"pg_is_in_recovery", 0, true, func(*circumstances, []sqlite3.Value) (any, error) { return int64(0), nil }},
}

// register makes them known to a connection.
func register(db *sqlite3.Conn, c *circumstances) error {
	for _, f := range functions {
		flags := sqlite3.INNOCUOUS
		if f.pure {
			flags |= sqlite3.DETERMINISTIC
		}
		err := db.CreateFunction(f.name, f.count, flags, func(ctx sqlite3.Context, args ...sqlite3.Value) {
			value, err := f.do(c, args)
			if err != nil {
				ctx.ResultError(coded(err))
				return
			}
			result(ctx, value)
		})
		if err != nil {
			return fmt.Errorf("register %s: %w", f.name, err)
		}
	}
	return nil
}

func result(ctx sqlite3.Context, value any) {
	switch v := value.(type) {
	case nil:
		ctx.ResultNull()
	case bool:
		ctx.ResultBool(v)
	case int64:
		ctx.ResultInt64(v)
	case float64:
		ctx.ResultFloat(v)
	case string:
		ctx.ResultText(v)
	case []byte:
		ctx.ResultBlob(v)
	}
}

// valueOf is an argument as Go has it.
func valueOf(v sqlite3.Value) any {
	switch v.Type() {
	case sqlite3.INTEGER:
		return v.Int64()
	case sqlite3.FLOAT:
		return v.Float()
	case sqlite3.TEXT:
		return v.Text()
	case sqlite3.BLOB:
		return v.Blob(nil)
	}
	return nil
}

func timestampNow(c *circumstances, _ []sqlite3.Value) (any, error) {
	return c.now.UTC().Format(momentForm), nil
}

func pgSleep(c *circumstances, args []sqlite3.Value) (any, error) {
	seconds := args[0].Float()
	if !(seconds >= 0 && seconds < 1e6) {
		return nil, &Error{Code: "22003", Message: "pg_sleep: seconds out of range"}
	}
	c.sleep += time.Duration(seconds * float64(time.Second))
	return "", nil
}

func randomUUID(c *circumstances, _ []sqlite3.Value) (any, error) {
	high, low := c.rand.Uint64(), c.rand.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&(1<<48-1)), nil
}

func addInterval(_ *circumstances, args []sqlite3.Value) (any, error) {
	if args[0].Type() == sqlite3.NULL || args[2].Type() == sqlite3.NULL {
		return nil, nil
	}
	t, ok := moment(args[0].Text())
	by := 1
	if args[1].Text() == "-" {
		by = -1
	}
	if ok {
		t, ok = shift(t, args[2].Text(), by)
	}
	if !ok {
		return nil, &Error{Code: "22007", Message: "invalid input syntax for type interval: " + strconv.Quote(args[2].Text())}
	}
	return t.Format(momentForm), nil
}

func dateTrunc(_ *circumstances, args []sqlite3.Value) (any, error) {
	if args[1].Type() == sqlite3.NULL {
		return nil, nil
	}
	t, ok := moment(args[1].Text())
	if ok {
		t, ok = truncated(args[0].Text(), t)
	}
	if !ok {
		return nil, &Error{Code: "22023", Message: "date_trunc does not know " + strconv.Quote(args[0].Text())}
	}
	return t.Format(momentForm), nil
}

func datePart(_ *circumstances, args []sqlite3.Value) (any, error) {
	if args[1].Type() == sqlite3.NULL {
		return nil, nil
	}
	t, ok := moment(args[1].Text())
	value := 0.
	if ok {
		value, ok = part(args[0].Text(), t)
	}
	if !ok {
		return nil, &Error{Code: "22023", Message: "date_part does not know " + strconv.Quote(args[0].Text())}
	}
	return value, nil
}

// like is LIKE as PostgreSQL has it (SQLite's own takes no notice of case), args: pattern, value.
func like(args []sqlite3.Value, anyCase bool) (any, error) {
	if args[0].Type() == sqlite3.NULL || args[1].Type() == sqlite3.NULL {
		return nil, nil
	}
	pattern, value := []rune(args[0].Text()), []rune(args[1].Text())
	if anyCase {
		pattern, value = []rune(strings.ToLower(args[0].Text())), []rune(strings.ToLower(args[1].Text()))
	}
	return likes(pattern, value), nil
}

// likes goes back to the last % where the rest does not fit.
func likes(pattern, value []rune) bool {
	p, v, percent, mark := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '%':
			percent, mark = p, v
			p++
		case p < len(pattern) && pattern[p] == '\\' && p+1 < len(pattern) && pattern[p+1] == value[v]:
			p, v = p+2, v+1
		case p < len(pattern) && pattern[p] != '\\' && (pattern[p] == '_' || pattern[p] == value[v]):
			p, v = p+1, v+1
		case percent >= 0:
			mark++
			p, v = percent+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '%' {
		p++
	}
	return p == len(pattern)
}

func matchRegexp(_ *circumstances, args []sqlite3.Value) (any, error) {
	if args[0].Type() == sqlite3.NULL || args[1].Type() == sqlite3.NULL {
		return nil, nil
	}
	is, err := regexp.MatchString(args[0].Text(), args[1].Text())
	if err != nil {
		return nil, &Error{Code: "2201B", Message: "invalid regular expression: " + err.Error()}
	}
	return is, nil
}

// castValue is a value as another type has it.
func castValue(to string, value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	wrong := &Error{Code: "22P02", Message: fmt.Sprintf("invalid input syntax for type %s: %q", to, fmt.Sprint(value))}
	switch to {
	case "int2", "int4", "int8":
		return castWhole(to, value, wrong)
	case "float4", "float8", "numeric":
		return castNumber(to, value, wrong)
	case "bool":
		return castBool(value, wrong)
	case "timestamptz", "timestamp", "date":
		t, ok := moment(fmt.Sprint(value))
		if !ok {
			wrong.Code = "22007"
			return nil, wrong
		}
		return t.Format(map[string]string{"timestamptz": momentForm, "timestamp": localForm, "date": dateForm}[to]), nil
	case "bytea":
		s, is := value.(string)
		if rest, hexed := strings.CutPrefix(s, `\x`); is && hexed {
			if bytes, err := hex.DecodeString(rest); err == nil {
				return bytes, nil
			}
			return nil, wrong
		}
		if is {
			return []byte(s), nil
		}
	case "json", "jsonb":
		s := fmt.Sprint(value)
		if !json.Valid([]byte(s)) {
			return nil, wrong
		}
		return s, nil
	case "uuid":
		s := strings.ToLower(fmt.Sprint(value))
		if !uuidForm.MatchString(s) {
			return nil, wrong
		}
		return s, nil
	}
	return value, nil
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)

func castWhole(to string, value any, wrong error) (any, error) {
	var n int64
	switch v := value.(type) {
	case int64:
		n = v
	case float64:
		v = math.RoundToEven(v)
		if !(v >= math.MinInt64 && v < math.MaxInt64) {
			return nil, &Error{Code: "22003", Message: to + " out of range"}
		}
		n = int64(v)
	case string:
		var err error
		if n, err = strconv.ParseInt(strings.TrimSpace(v), 10, 64); err != nil {
			return nil, wrong
		}
	default:
		return nil, wrong
	}
	if bits := map[string]int{"int2": 15, "int4": 31, "int8": 63}[to]; bits < 63 && (n >= 1<<bits || n < -1<<bits) {
		return nil, &Error{Code: "22003", Message: fmt.Sprintf("value %d is out of range for type %s", n, to)}
	}
	return n, nil
}

func castNumber(to string, value any, wrong error) (any, error) {
	switch v := value.(type) {
	case int64:
		if to == "numeric" {
			return v, nil
		}
		return float64(v), nil
	case float64:
		return v, nil
	case string:
		if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil && to == "numeric" {
			return n, nil
		}
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
			return f, nil
		}
	}
	return nil, wrong
}

func castBool(value any, wrong error) (any, error) {
	switch v := value.(type) {
	case int64:
		return v != 0, nil
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "t", "true", "on", "yes", "y", "1":
			return true, nil
		case "f", "false", "off", "no", "n", "0":
			return false, nil
		}
	}
	return nil, wrong
}
