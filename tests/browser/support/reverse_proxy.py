"""A reverse proxy that serves one path prefix and knows nothing else, websockets included."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class _Door(socketserver.ThreadingTCPServer):
    """One connection is one request: what follows its head goes through as it is."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, prefix: str, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.prefix, self.behind = prefix.encode(), port


class _Visit(socketserver.BaseRequestHandler):
    server: _Door

    def handle(self) -> None:
        head, _, rest = self._head().partition(b"\r\n\r\n")
        if not head:
            return
        if not head.split(b" ")[1].startswith(self.server.prefix):
            self.request.sendall(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nnot ours")
            return
        with socket.create_connection(("127.0.0.1", self.server.behind)) as inner:
            inner.sendall(self._forwarded(head) + b"\r\n\r\n" + rest)
            back = threading.Thread(target=_pour, args=(inner, self.request), daemon=True)
            back.start()
            _pour(self.request, inner)
            back.join()

    def _head(self) -> bytes:
        read = b""
        while b"\r\n\r\n" not in read:
            more = self.request.recv(65536)
            if not more:
                return b""
            read += more
        return read

    def _forwarded(self, head: bytes) -> bytes:
        """The head as a usual proxy hands it on: another host, and who asked for which."""
        first, *lines = head.split(b"\r\n")
        said = {line.split(b":")[0].lower(): line for line in lines}
        host = said.pop(b"host").partition(b":")[2].strip()
        if b"upgrade" not in said:
            said[b"connection"] = b"Connection: close"
        said[b"host"] = b"Host: 127.0.0.1:%d" % self.server.behind
        ours = [b"X-Forwarded-Host: " + host, b"X-Forwarded-For: 192.0.2.7"]
        return b"\r\n".join([first, *said.values(), *ours, b"X-Forwarded-Proto: http"])


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            sink.sendall(part)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(prefix: str, port: int) -> Iterator[str]:
    """Serve what is under the prefix of a server on this port; yield the address."""
    with _Door(prefix, port) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{door.server_address[1]}{prefix}"
        door.shutdown()
