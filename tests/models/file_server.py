"""A real HTTP server that serves one file and misbehaves as a test asks it to."""

import hashlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class FileServer:
    """What the server serves and how. `breaks` are byte counts after which one connection each
    is cut; `statuses` are answered one by one before anything else."""

    content: bytes
    url: str = ""
    ranges: bool = True
    etag: str | None = None
    length: bool = True
    content_type: str = "application/octet-stream"
    breaks: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    redirect_to: str = ""
    linked_sha256: str = ""
    pause_after: int | None = None  # send this much, then wait for `go_on`
    go_on: threading.Event = field(default_factory=threading.Event)
    requests: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0

    def tag(self) -> str:
        if self.etag is not None:
            return self.etag
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'


@contextmanager
def serving(
    content: bytes, *, certificate: Path | None = None, **given: object
) -> Iterator[FileServer]:
    """A server for as long as the block runs; its address ends in model.gguf. With a certificate
    (a PEM with its key) it speaks TLS."""
    plan = FileServer(content, **given)

    class Handler(_Handler):
        server_plan = plan

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # clients leave in the middle on purpose
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    plan.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}/model.gguf"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield plan
    finally:
        plan.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server_plan: FileServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        plan = self.server_plan
        plan.requests.append(dict(self.headers))
        if plan.statuses:
            self._answer(plan.statuses.pop(0), b"no")
            return
        if plan.redirect_to and self.path == "/model.gguf":
            self.send_response(302)
            self.send_header("Location", plan.redirect_to)
            if plan.linked_sha256:
                self.send_header("X-Linked-ETag", f'"{plan.linked_sha256}"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = self._start()
        if start is not None and start >= len(plan.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(plan.content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send_file(start)

    def _start(self) -> int | None:
        """Where to start, or None for the whole file."""
        plan = self.server_plan
        span = self.headers.get("Range", "")
        unchanged = self.headers.get("If-Range") in {None, plan.tag()}
        if not (plan.ranges and span and unchanged):
            return None
        return int(span.removeprefix("bytes=").partition("-")[0])

    def _send_file(self, start: int | None) -> None:
        plan = self.server_plan
        body = plan.content[start or 0 :]
        self.send_response(200 if start is None else 206)
        self.send_header("Content-Type", plan.content_type)
        if plan.tag():
            self.send_header("ETag", plan.tag())
        if start is not None:
            last, size = len(plan.content) - 1, len(plan.content)
            self.send_header("Content-Range", f"bytes {start}-{last}/{size}")
        if plan.length:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self._send_body(body)

    def _send_body(self, body: bytes) -> None:
        plan = self.server_plan
        limit = plan.breaks.pop(0) if plan.breaks else len(body)
        if plan.pause_after is not None and plan.pause_after < limit:
            self._write(body[: plan.pause_after])
            plan.go_on.wait(60)
            self._write(body[plan.pause_after : limit])
        else:
            self._write(body[:limit])
        if limit < len(body):
            self.close_connection = True
            self.connection.shutdown(2)

    def _write(self, part: bytes) -> None:
        try:
            self.wfile.write(part)
            self.wfile.flush()
            self.server_plan.sent += len(part)
        except OSError:
            self.close_connection = True

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
