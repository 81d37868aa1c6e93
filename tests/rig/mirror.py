"""A small caching Debian mirror for machines that have no internet."""

import http.server
import os
import re
import shutil
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.rig.base import FOLDER, MIRROR_PORT

_ARCHIVES = ("debian-security", "debian")
_FETCH_SECONDS = 120


def _origins() -> dict[str, str]:
    """Archive → base address, as this computer's own apt has it."""
    found: dict[str, str] = {}
    sources = [*Path("/etc/apt/sources.list.d").glob("*.sources"), Path("/etc/apt/sources.list")]
    for source in filter(Path.exists, sources):
        lines = [line for line in source.read_text().splitlines() if not line.startswith("#")]
        for url in re.findall(r"https?://\S+", "\n".join(lines)):
            archive = url.rstrip("/").rpartition("/")[2]
            if archive in _ARCHIVES:
                found.setdefault(archive, url.rstrip("/"))
    return found


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    origins: dict[str, str]
    cache: Path

    def log_message(self, *_: object) -> None:
        """A line per request tells a test nothing."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        archive, _, path = self.path.lstrip("/").partition("/")
        if archive not in self.origins or ".." in path:
            self.send_error(404)
            return
        kept = self.cache / archive / path
        try:
            if not (_never_changes(path) and kept.exists()):
                _fetch(f"{self.origins[archive]}/{path}", kept)
        except urllib.error.HTTPError as problem:
            self.send_error(problem.code)
            return
        except OSError:
            self.send_error(502, "The mirror behind this one does not answer")
            return
        with kept.open("rb") as file:
            self.send_response(200)
            self.send_header("Content-Length", str(os.fstat(file.fileno()).st_size))
            self.send_header("Content-Type", "application/octet-stream")
            self.end_headers()
            if with_body:
                shutil.copyfileobj(file, self.wfile)


def _never_changes(path: str) -> bool:
    return path.endswith(".deb") or "/by-hash/" in path


def _fetch(url: str, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(url, timeout=_FETCH_SECONDS) as reply:
        descriptor, temporary = tempfile.mkstemp(dir=kept.parent)
        with os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(reply, file)
    os.rename(temporary, kept)


@contextmanager
def mirror(address: str) -> Iterator[None]:
    """Serve while the block runs. What was fetched once stays for the next time."""
    handler = type("Handler", (_Handler,), {"origins": _origins(), "cache": FOLDER / "packages"})
    server = http.server.ThreadingHTTPServer((address, MIRROR_PORT), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
