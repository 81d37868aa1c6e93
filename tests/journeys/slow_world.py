"""What stands outside Hearth in these tests: an unhurried model server and file host."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

PIECES = 240
PIECE_SECONDS = 0.1
CHUNK_BYTES = 64 * 1024


class _World(BaseHTTPRequestHandler):
    """Speaks just enough HTTP: a paced stream under /v1, a slow file with ranges elsewhere."""

    protocol_version = "HTTP/1.1"
    file: ClassVar[Path]
    chunk_seconds: ClassVar[float]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        return

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(PIECES):
            self._event({"choices": [{"index": 0, "delta": {"content": f"{number} "}}]})
            time.sleep(PIECE_SECONDS)
        usage = {"prompt_tokens": 3, "completion_tokens": PIECES, "total_tokens": PIECES + 3}
        self._event({"choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def _event(self, content: dict[str, object]) -> None:
        body = {"id": "c1", "object": "chat.completion.chunk", "model": "slow", "created": 1}
        self.wfile.write(b"data: " + json.dumps(body | content).encode() + b"\n\n")
        self.wfile.flush()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True  # the client was killed: that is what the tests are about

    def do_GET(self) -> None:
        if self.path.startswith("/v1/models"):
            body = json.dumps({"object": "list", "data": [{"id": "slow", "object": "model"}]})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())
            return
        self._file()

    def _file(self) -> None:
        data = self.file.read_bytes()
        asked = self.headers.get("Range", "")
        begin = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(data) - begin))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"one"')
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        for at in range(begin, len(data), CHUNK_BYTES):
            self.wfile.write(data[at : at + CHUNK_BYTES])
            self.wfile.flush()
            time.sleep(self.chunk_seconds)


@contextmanager
def slow_world(file: Path, *, seconds_for_the_file: float) -> Iterator[str]:
    """The base URL of the world, with `file` behind /model.gguf."""
    chunks = max(1, file.stat().st_size // CHUNK_BYTES)
    handler = type(
        "World", (_World,), {"file": file, "chunk_seconds": seconds_for_the_file / chunks}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
