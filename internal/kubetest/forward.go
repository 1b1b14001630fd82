package kubetest

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// forwardProtocol is that of forwarded ports: messages whose first byte is a channel, 0 for bytes and 1 for an error, each of which begins with the port's number.
const forwardProtocol = "v4.channel.k8s.io"

// forward connects who asks to a port of a pod, as a kubelet does.
func (f *Fake) forward(w http.ResponseWriter, r *http.Request, path string) {
	port, err := strconv.Atoi(r.URL.Query().Get("ports"))
	if err != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", "no port is asked for")
		return
	}
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{forwardProtocol}})
	if err != nil {
		return
	}
	defer func() { _ = socket.CloseNow() }()
	socket.SetReadLimit(1 << 20)
	number := binary.LittleEndian.AppendUint16(nil, uint16(port))
	for channel := range byte(2) {
		if socket.Write(r.Context(), websocket.MessageBinary, append([]byte{channel}, number...)) != nil {
			return
		}
	}
	pod := strings.Split(path, "/")[3]
	conn, err := f.Forward(pod, port)
	if err != nil {
		_ = socket.Write(r.Context(), websocket.MessageBinary, append([]byte{1}, err.Error()...))
		return
	}
	carry(r.Context(), socket, conn)
}

// carry carries bytes both ways until either side ends.
func carry(ctx context.Context, socket *websocket.Conn, conn net.Conn) {
	var all sync.WaitGroup
	all.Go(func() {
		defer conn.Close()
		for {
			_, message, err := socket.Read(ctx)
			if err != nil || len(message) == 0 {
				return
			}
			if _, err := conn.Write(message[1:]); err != nil {
				return
			}
		}
	})
	buffer := make([]byte, 1+32<<10)
	for {
		n, err := conn.Read(buffer[1:])
		buffer[0] = 0
		if n > 0 && socket.Write(ctx, websocket.MessageBinary, buffer[:1+n]) != nil || err != nil {
			break
		}
	}
	_ = socket.Close(websocket.StatusNormalClosure, "")
	_ = conn.Close()
	all.Wait()
}
