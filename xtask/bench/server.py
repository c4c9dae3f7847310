"""A small HTTP/1.1 server on threads: little overhead, kept connections, chunked bodies."""

import contextlib
import socket
import threading


class Connection:
    def __init__(self, sock):
        self.sock, self.buffer = sock, b""

    def until(self, mark):
        while mark not in self.buffer:
            self.more()
        text, self.buffer = self.buffer.split(mark, 1)
        return text

    def take(self, length):
        while len(self.buffer) < length:
            self.more()
        data, self.buffer = self.buffer[:length], self.buffer[length:]
        return data

    def more(self):
        data = self.sock.recv(262144)
        if not data:
            raise EOFError
        self.buffer += data

    def request(self):
        first, *lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return method, path, headers, self.chunks()
        return method, path, headers, self.take(int(headers.get("content-length") or 0))

    def chunks(self):
        body = b""
        while length := int(self.until(b"\r\n").split(b";")[0], 16):
            body += self.take(length)
            self.until(b"\r\n")
        self.until(b"\r\n")
        return body

    def reply(self, status, body=b"", headers=None):
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode() + body)


class Server:
    """Calls `handle(connection, method, path, headers, body)` for each request."""

    def __init__(self, handle):
        self.handle, self.closed, self.connections = handle, threading.Event(), set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.add(sock)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        connection = Connection(sock)
        with contextlib.suppress(EOFError, OSError, ValueError), sock:
            while True:
                self.handle(connection, *connection.request())
        self.connections.discard(sock)

    def close(self):
        self.closed.set()
        for sock in [self.listener, *self.connections]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
