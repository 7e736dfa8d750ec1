"""An endpoint that speaks HTTP/2 over TLS, and one that speaks HTTP/1.1 there."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass, field

import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded


@dataclass
class SecureReceiver:
    """`with SecureReceiver(authority) as receiver: ... receiver.got`: (protocol, headers, body) of each request."""

    authority: trustme.CA
    name: str = "127.0.0.1"
    protocols: tuple[str, ...] = ("h2", "http/1.1")
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> SecureReceiver:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(self.name).configure_cert(self._context)
        self._context.set_alpn_protocols(list(self.protocols))
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/hook"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain, self._context.wrap_socket(plain, server_side=True) as line:
            self.connections += 1
            if line.selected_alpn_protocol() == "h2":
                self._speak_2(line)
            else:
                self._speak_1(line)

    def _speak_2(self, line: ssl.SSLSocket) -> None:
        spoken = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        spoken.initiate_connection()
        line.sendall(spoken.data_to_send())
        headers: dict[int, dict[str, str]] = {}
        bodies: dict[int, bytes] = {}
        while read := line.recv(65536):
            for event in spoken.receive_data(read):
                if isinstance(event, RequestReceived):
                    headers[event.stream_id], bodies[event.stream_id] = dict(event.headers), b""
                elif isinstance(event, DataReceived):
                    bodies[event.stream_id] += event.data
                    spoken.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, StreamEnded):
                    self.got.append(("h2", headers[event.stream_id], bodies[event.stream_id]))
                    spoken.send_headers(event.stream_id, [(":status", "200")])
                    spoken.send_data(event.stream_id, b"taken", end_stream=True)
            line.sendall(spoken.data_to_send())

    def _speak_1(self, line: ssl.SSLSocket) -> None:
        read = b""
        while piece := line.recv(65536):
            read += piece
            head, end, body = read.partition(b"\r\n\r\n")
            headers = dict(each.split(": ", 1) for each in head.decode().split("\r\n")[1:])
            if end and len(body) >= int(headers["Content-Length"]):
                self.got.append(("http/1.1", headers, body))
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken")
                read = b""
