package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/squallhq/squall/runner/node/internal/host"
)

// recoverFile delivers every whole record of the file, cuts off what follows the last one, and
// leaves the file ready to append to. It returns how long the file is then, and how many bytes it cut off.
func recoverFile(file host.File, deliver func(Committed)) (good, torn int64, err error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, 0, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, 0, err
	}
	reader := bufio.NewReaderSize(file, 256<<10)
	fresh, err := readHeader(reader)
	if err != nil {
		return 0, 0, err
	}
	if !fresh {
		if good, err = replay(reader, deliver); err != nil {
			return 0, 0, err
		}
	}
	if good < size {
		torn = size - good
		if err := file.Truncate(good); err != nil {
			return 0, 0, fmt.Errorf("cut off torn tail: %w", err)
		}
	}
	if _, err := file.Seek(good, io.SeekStart); err != nil {
		return 0, 0, err
	}
	if fresh {
		if _, err := io.WriteString(file, Header); err != nil {
			return 0, 0, err
		}
		good = int64(len(Header))
	}
	return good, torn, file.Sync()
}

// readHeader tells whether the file is fresh: empty, or cut short while its header was written.
func readHeader(r io.Reader) (fresh bool, err error) {
	header := make([]byte, len(Header))
	n, err := io.ReadFull(r, header)
	switch {
	case err == nil && string(header) == Header:
		return false, nil
	case (err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)) && strings.HasPrefix(Header, string(header[:n])):
		return true, nil
	case err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF):
		return false, err
	default:
		return false, fmt.Errorf("read header: %q is not a journal's", header[:n])
	}
}

// replay delivers records up to the first that is not whole, and returns where that one begins.
func replay(r io.Reader, deliver func(Committed)) (good int64, err error) {
	good = int64(len(Header))
	var header [recordHeader]byte
	for {
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return good, unlessEnd(err)
		}
		length := binary.LittleEndian.Uint32(header[:4])
		if length == 0 || length > maxRecord {
			return good, nil
		}
		sealed := make([]byte, recordHeader-8+length)
		copy(sealed, header[8:])
		if _, err := io.ReadFull(r, sealed[recordHeader-8:]); err != nil {
			return good, unlessEnd(err)
		}
		if checksum(sealed) != binary.LittleEndian.Uint32(header[4:]) {
			return good, nil
		}
		good += recordHeader + int64(length)
		deliver(Committed{At: int64(binary.LittleEndian.Uint64(sealed)), End: good, Payload: sealed[recordHeader-8:]})
	}
}

func unlessEnd(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return fmt.Errorf("replay: %w", err)
}
