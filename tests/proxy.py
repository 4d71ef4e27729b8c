"""A TCP proxy for tests: it stands before a real server and misbehaves as networks do.

Use it as a context manager and let the client talk to `url`. It can be down, cut answers off in the middle, delay them,
and do something before a certain request goes on. What it is told to do happens to whatever comes next.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_CHUNK = 1 << 14
_PATIENCE = 60  # seconds without a byte, after which a connection is given up
_METHODS = (b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"HEAD ")


class Proxy:
    """Passes everything on to the server at `target` (an HTTP address), until told otherwise."""

    def __init__(self, target: str) -> None:
        where = urlsplit(target)
        assert where.hostname is not None
        self._target = (where.hostname, where.port or 80)
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._port = 0
        self._left: int | None = None  # bytes of answers until the cut
        self._cuts, self._every = 0, 0
        self._delay = 0.0
        self._released = threading.Event()
        self._awaited: dict[int, Callable[[], None]] = {}
        #: requests that have come
        self.requests = 0

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self.down()

    def up(self) -> None:
        """Take connections (again), on the same port."""
        listener = socket.create_server(("127.0.0.1", self._port), reuse_port=False)
        self._port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections, and break off those that are open."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            open_ones, self._connections = self._connections, set()
        for connection in open_ones:
            _close(connection)

    def cut(self, after_bytes: int, times: int = 1) -> None:
        """Break the connection off when so many bytes of answers have come; so often."""
        with self._lock:
            self._left, self._cuts, self._every = after_bytes, times, after_bytes

    def delay(self, seconds: float) -> None:
        """Let each piece of an answer wait so long."""
        self._delay = seconds

    def at_request(self, number: int, action: Callable[[], None]) -> None:
        """Do something before the request of that number from now (1: the next) goes on."""
        with self._lock:
            self._awaited[self.requests + number] = action

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target, timeout=_PATIENCE)
            except OSError:
                _close(client)
                continue
            client.settimeout(_PATIENCE)
            with self._lock:
                self._connections |= {client, server}
            for work in (self._forward, self._answer):
                threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while chunk := client.recv(_CHUNK):
                if chunk.startswith(_METHODS):
                    self._requested()
                server.sendall(chunk)
        self._part(client, server)

    def _requested(self) -> None:
        with self._lock:
            self.requests += 1
            action = self._awaited.pop(self.requests, None)
        if action:
            action()

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while chunk := server.recv(_CHUNK):
                if self._delay:
                    self._released.wait(self._delay)
                allowed = self._allowed(len(chunk))
                client.sendall(chunk[:allowed])
                if allowed < len(chunk):
                    break
        self._part(client, server)

    def _allowed(self, coming: int) -> int:
        """How many of the coming bytes may pass before the cut."""
        with self._lock:
            if self._left is None:
                return coming
            if coming < self._left:
                self._left -= coming
                return coming
            allowed, self._cuts = self._left, self._cuts - 1
            self._left = self._every if self._cuts else None
            return min(allowed, coming - 1)

    def _part(self, *connections: socket.socket) -> None:
        with self._lock:
            self._connections -= set(connections)
        for connection in connections:
            _close(connection)


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
