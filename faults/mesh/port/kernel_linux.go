package port

import (
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// skDrops is the place of a socket's dropped packets in SO_MEMINFO (SK_MEMINFO_DROPS), skVars how many there are.
const (
	skDrops = 8
	skVars  = 9
)

// drops is how many packets a socket has dropped, 0 where the kernel can't tell.
func drops(fd int) int64 {
	var info [skVars]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0
	}
	return int64(info[skDrops])
}

// resetsSent is how many resets this network namespace has sent (Tcp OutRsts), 0 where the kernel can't tell.
func resetsSent() int64 {
	text, err := os.ReadFile("/proc/self/net/snmp")
	if err != nil {
		return 0
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "Tcp:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, name := range names {
			if name == "OutRsts" && i < len(fields) {
				n, err := strconv.ParseInt(fields[i], 10, 64)
				if err != nil {
					return 0
				}
				return n
			}
		}
	}
	return 0
}
