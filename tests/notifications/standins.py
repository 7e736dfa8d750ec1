"""A mail server on this machine that does as it is told, and remembers what it was sent."""

from __future__ import annotations

import email
import socketserver
import threading
from dataclasses import dataclass, field
from email.message import Message


@dataclass
class MailServer:
    """`with MailServer() as server: ... server.got`. `refuse` answers the recipient, `silent` says nothing at all."""

    refuse: str = ""
    silent: bool = False
    got: list[Message] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    def __enter__(self) -> MailServer:
        told = self
        self._over = threading.Event()

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                if told.silent:
                    told._over.wait(30)
                    return
                self.say("220 here")
                while line := self.rfile.readline().decode().strip():
                    word = line.split()[0].upper()
                    if word == "RCPT" and told.refuse:
                        self.say(told.refuse)
                    elif word == "RCPT":
                        told.recipients.append(line.partition("<")[2].partition(">")[0])
                        self.say("250 ok")
                    elif word == "DATA":
                        self.say("354 go on")
                        told.got.append(email.message_from_bytes(b"".join(self.lines())))
                        self.say("250 taken")
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok")

            def lines(self):
                while (line := self.rfile.readline()) != b".\r\n":
                    yield line

            def say(self, words: str) -> None:
                self.wfile.write(f"{words}\r\n".encode())

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, *args: object) -> None:
                """Clients that hang up early are part of the tests."""

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])
