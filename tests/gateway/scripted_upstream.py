"""A model server that says what a test has told it to say, on a real socket."""

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.gateway.faulty_upstream import Seen


@dataclass
class Scripted:
    status: int
    content_type: str
    body: bytes
    headers: dict[str, str]


@dataclass
class ScriptedUpstream:
    """`with ScriptedUpstream() as upstream:` listens on `upstream.url` until the block ends."""

    seen: list[Seen] = field(default_factory=list)
    _replies: deque[Scripted] = field(default_factory=deque)

    def __enter__(self) -> "ScriptedUpstream":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(30)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def will_answer(self, body: Any, *, status: int = 200, **headers: str) -> None:
        """The next request gets this: an object as JSON, or bytes as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._replies.append(Scripted(status, "application/json", raw, headers))

    def will_stream(self, *events: bytes) -> None:
        """The next request gets these events, and then the end."""
        self._replies.append(Scripted(200, "text/event-stream", b"".join(events), {}))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                headers = [(name.lower(), value) for name, value in self.headers.items()]
                upstream.seen.append(Seen(self.path, headers, self.rfile.read(length), 0))
                reply = upstream._replies.popleft()
                self.send_response(reply.status)
                self.send_header("content-type", reply.content_type)
                self.send_header("content-length", str(len(reply.body)))
                for name, value in reply.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
                """Tests read what they need from `seen`."""

        return Handler
