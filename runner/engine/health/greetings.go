package health

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/parts"
)

// greeted tells a protocol in which a server says that it is there.
func greeted(p parts.Protocol) bool {
	return p == parts.SpeaksRedis || p == parts.SpeaksNATS || p == parts.SpeaksKafka
}

// letsIn begins to log in to a PostgreSQL server. One that is still starting or recovering listens
// already and turns everybody away (SQLSTATE 57P03); one that asks for a password is ready.
func letsIn(conn net.Conn, c wire.Login) error {
	const protocol = 3 << 16
	message := binary.BigEndian.AppendUint32(make([]byte, 4), protocol)
	for _, word := range []string{"user", c.User, "database", c.Database, ""} {
		message = append(append(message, word...), 0)
	}
	binary.BigEndian.PutUint32(message, uint32(len(message)))
	if _, err := conn.Write(message); err != nil {
		return err
	}
	var answer [512]byte
	n, err := io.ReadAtLeast(conn, answer[:], 1)
	if err != nil {
		return fmt.Errorf("the database ends the login: %w", err)
	}
	if answer[0] == 'E' {
		return fmt.Errorf("the database refuses the login: %q", answer[min(5, n):n])
	}
	return nil
}

// greets reads how a MySQL server begins: with its protocol's version, or with an error (too many connections, say).
func greets(conn net.Conn) error {
	var answer [512]byte
	n, err := io.ReadAtLeast(conn, answer[:], 5)
	if err != nil {
		return fmt.Errorf("the database ends the connection: %w", err)
	}
	if answer[4] == 0xff {
		return fmt.Errorf("the database refuses the connection: %q", answer[min(7, n):n])
	}
	return nil
}

// pongs asks a Redis server. One that wants a password is ready; one that still loads its data is not.
func pongs(conn net.Conn) error {
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	var answer [512]byte
	n, err := io.ReadAtLeast(conn, answer[:], 5)
	if err != nil {
		return fmt.Errorf("the cache ends the connection: %w", err)
	}
	if text := string(answer[:n]); !strings.HasPrefix(text, "+PONG") && !strings.HasPrefix(text, "-NOAUTH") {
		return fmt.Errorf("the cache does not answer PING: %q", text)
	}
	return nil
}

// informs reads how a NATS server begins: with what it can. One whose messages are to be kept has JetStream, or never will.
func informs(conn net.Conn, kept bool) error {
	line, err := bufio.NewReaderSize(conn, mostInfo).ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("the server does not say what it is: %w", err)
	}
	text, is := bytes.CutPrefix(line, []byte("INFO "))
	var info struct{ JetStream bool }
	if !is || json.Unmarshal(text, &info) != nil {
		return fmt.Errorf("it is no NATS server: it says %q", line[:min(len(line), shownAnswer)])
	}
	if kept && !info.JetStream {
		return &NeverReady{"the server runs without JetStream, and its messages are to be kept; give it command: [-js], or delivery: at_most_once"}
	}
	return nil
}

// tellsVersions asks a Kafka broker which requests it knows, in the request's first version, which each answers.
func tellsVersions(conn net.Conn) error {
	const apiVersions, correlation = 18, 0x5155414c
	request := []byte{0, 0, 0, 10, 0, apiVersions, 0, 0} // its length, what it asks, and its version
	request = binary.BigEndian.AppendUint32(request, correlation)
	request = append(request, 0xff, 0xff) // from a client without a name
	if _, err := conn.Write(request); err != nil {
		return err
	}
	var answer [10]byte // length, correlation and error
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return fmt.Errorf("the broker ends the connection: %w", err)
	}
	if binary.BigEndian.Uint32(answer[4:]) != correlation {
		return fmt.Errorf("it is no Kafka broker: it answers %q", answer)
	}
	if code := binary.BigEndian.Uint16(answer[8:]); code != 0 {
		return fmt.Errorf("the broker answers with Kafka's error %d", code)
	}
	return nil
}

const (
	mostInfo    = 64 << 10 // of a server's first line
	shownAnswer = 80
)
