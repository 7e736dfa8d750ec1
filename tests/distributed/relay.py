"""Stands between a server and its database, and can lose the answer to a commit."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

PIECE = 1 << 16
COMMIT = b"COMMIT"


class Relay:
    """`relay.cut.set()`: the next commit reaches the database, and its answer reaches nobody."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._server.getsockname()[1])
        self.cut, self.has_cut = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                database = socket.create_connection(("127.0.0.1", self._port))
                threading.Thread(target=self._ask, args=(client, database), daemon=True).start()

    def _ask(self, client: socket.socket, database: socket.socket) -> None:
        committing = threading.Event()
        threading.Thread(target=self._answer, args=(client, database, committing), daemon=True).start()
        with client, database, contextlib.suppress(OSError):
            while piece := client.recv(PIECE):
                if COMMIT in piece and self.cut.is_set():
                    self.cut.clear()
                    committing.set()
                database.sendall(piece)

    def _answer(self, client: socket.socket, database: socket.socket, committing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while piece := database.recv(PIECE):
                if committing.is_set():
                    client.shutdown(socket.SHUT_RDWR)
                    self.has_cut.set()
                    return
                client.sendall(piece)
            client.shutdown(socket.SHUT_RDWR)
