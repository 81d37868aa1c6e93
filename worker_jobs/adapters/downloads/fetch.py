"""The download itself: attempts, each going on where the last one stopped."""

import hashlib
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin

import httpx
from django.conf import settings

from apps.models import store
from worker_jobs.adapters.downloads.guard import check_destination, check_peer
from worker_jobs.adapters.downloads.problems import (
    DownloadFailed,
    cannot_write,
    disk_full,
    from_status,
    from_transport,
    host_of,
)

CHUNK = 1024 * 1024
TRIES_WITHOUT_PROGRESS = 6
TRIES_AT_MOST = 200
LONGEST_WAIT = 30.0
REDIRECTS = 10
ROOM_CHECKED_EVERY = 64 * CHUNK
PACE_SECONDS = 10.0
MAGIC = b"GGUF"


@dataclass(frozen=True)
class Progress:
    """`total` is None while the server has not said it. Speed over the last ten seconds."""

    done: int
    total: int | None
    bytes_per_second: float
    seconds_left: float | None


@dataclass(frozen=True)
class Watch:
    """How the download talks to the operation: `check` and `wait` raise to stop it."""

    check: Callable[[], None]
    wait: Callable[[float], None]
    progress: Callable[[Progress], None]
    log: Callable[[str], None]


@dataclass(frozen=True)
class Downloaded:
    path: Path
    sha256: str
    size_bytes: int
    promised_sha256: str  # what the source itself names as the checksum, if it does


class Pace:
    """Bytes per second over a sliding window."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def at(self, done: int, total: int | None) -> Progress:
        now = time.monotonic()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[0][0] > PACE_SECONDS:
            self._marks.popleft()
        (start, before), seconds = self._marks[0], now - self._marks[0][0]
        _ = start
        speed = (done - before) / seconds if seconds > 0 else 0.0
        left = (total - done) / speed if total is not None and speed > 0 else None
        return Progress(done, total, speed, left)


@dataclass
class _State:
    """What is known of the file so far."""

    name: str
    url: str
    path: Path
    hash: Any = field(default_factory=hashlib.sha256)
    done: int = 0
    total: int | None = None
    etag: str = ""
    modified: str = ""
    promised: str = ""
    pace: Pace = field(default_factory=Pace)

    def validator(self) -> str:
        """What If-Range may carry: a strong tag, else the date."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified

    def start_over(self) -> None:
        self.path.write_bytes(b"")
        self.hash, self.done, self.pace = hashlib.sha256(), 0, Pace()


def download(*, url: str, name: str, watch: Watch) -> Downloaded:
    """Fetch a GGUF into the store's partial file of that name.

    It goes on from what an earlier attempt left, if the server still has the same file; that part
    is read again for the hash. Connections that break are tried again with growing pauses.
    Raises DownloadFailed, and whatever `watch` raises.
    """
    state = _resumed(name, url, watch)
    with _client() as client:
        return _persistently(client, state, watch)


def _persistently(client: httpx.Client, state: _State, watch: Watch) -> Downloaded:
    fruitless = 0
    for attempt in range(1, TRIES_AT_MOST + 1):
        before = state.done
        try:
            _attempt(client, state, watch)
            return Downloaded(state.path, state.hash.hexdigest(), state.done, state.promised)
        except DownloadFailed as problem:
            fruitless = 0 if state.done > before else fruitless + 1
            last = fruitless >= TRIES_WITHOUT_PROGRESS or attempt == TRIES_AT_MOST
            if not problem.passing or last:
                raise
            pause = problem.wait or min(
                LONGEST_WAIT, settings.DOWNLOAD_RETRY_SECONDS * 2**fruitless
            )
            watch.log(
                f"{problem.message} Trying again in {pause:.0f} s, from {state.done:,} bytes."
            )
            watch.wait(min(pause, 10 * LONGEST_WAIT))
    raise AssertionError("the last attempt returns or raises")


def _resumed(name: str, url: str, watch: Watch) -> _State:
    """The state an earlier attempt left, its hash computed anew from the disk."""
    state = _State(name=name, url=url, path=store.partial_path(name))
    notes = store.read_notes(name)
    if notes.get("url") != url or not state.path.exists():
        state.start_over()
        return state
    state.etag, state.modified = notes.get("etag", ""), notes.get("modified", "")
    state.total, state.promised = notes.get("total"), notes.get("promised", "")
    watch.log(f"Reading the {state.path.stat().st_size:,} bytes that are already here.")
    with state.path.open("rb") as file:
        while chunk := file.read(CHUNK):
            watch.check()
            state.hash.update(chunk)
            state.done += len(chunk)
    return state


def _client() -> httpx.Client:
    return httpx.Client(
        verify=ssl.create_default_context(),  # the machine's own trust store
        timeout=httpx.Timeout(settings.DOWNLOAD_STALL_SECONDS, connect=10.0),
        headers={"User-Agent": "Hearth", "Accept-Encoding": "identity"},
        follow_redirects=False,
    )


def _attempt(client: httpx.Client, state: _State, watch: Watch) -> None:
    with _answer(client, state, watch) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            _finished_or_changed(state, response)
            return
        _line_up(state, response, watch)
        _check_room(state)
        _receive(state, response, watch)
    if state.total is not None and state.done < state.total:
        raise DownloadFailed(
            f"{host_of(state.url)} ended the connection early.",
            fix="Retry: what is already here is kept.",
            passing=True,
        )
    state.total = state.done


@contextmanager
def _answer(client: httpx.Client, state: _State, watch: Watch) -> Iterator[httpx.Response]:
    """The answer that carries the file, redirects followed one by one."""
    url, came_from = state.url, ""
    for _ in range(REDIRECTS):
        watch.check()
        check_destination(url, came_from=came_from)
        try:
            with client.stream("GET", url, headers=_range_headers(state)) as response:
                check_peer(url, response)
                _note_promise(state, response)
                if not response.has_redirect_location:
                    if response.status_code not in {200, 206, 416}:
                        raise from_status(url, response)
                    yield response
                    return
                url, came_from = urljoin(url, response.headers["Location"]), url
        except httpx.HTTPError as error:
            raise from_transport(url, error) from error
    raise DownloadFailed(
        f"{host_of(state.url)} redirects without end.", fix="Check the address in a browser."
    )


def _range_headers(state: _State) -> dict[str, str]:
    """Ask for the rest only where a changed file would be noticed."""
    if not state.done or not (state.validator() or state.etag):
        return {}
    headers = {"Range": f"bytes={state.done}-"}
    if state.validator():
        headers["If-Range"] = state.validator()
    return headers


def _note_promise(state: _State, response: httpx.Response) -> None:
    """Model hubs name the SHA-256 of large files before they redirect to them."""
    linked = response.headers.get("X-Linked-ETag", "").strip('"').lower()
    if len(linked) == 64 and not set(linked) - set("0123456789abcdef"):
        state.promised = linked


def _line_up(state: _State, response: httpx.Response, watch: Watch) -> None:
    """Make the partial file match what the server is about to send."""
    etag = response.headers.get("ETag", "")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise DownloadFailed(
            f"{host_of(state.url)} sends the file packed although it was asked not to.",
            fix="Download it yourself and import it by path.",
        )
    if response.status_code == httpx.codes.PARTIAL_CONTENT:
        start, total = _content_range(response)
        same = start == state.done and (not etag or not state.etag or etag == state.etag)
        if not same or (state.total is not None and total not in {None, state.total}):
            state.start_over()
            state.etag = state.modified = ""
            state.total = None
            raise DownloadFailed("The file has changed on the server meanwhile.", passing=True)
        state.total = total if total is not None else state.total
        return
    if state.done:
        watch.log("The server sends the file from the beginning again.")
        state.start_over()
    length = response.headers.get("Content-Length", "")
    state.total = int(length) if length.isdigit() else None
    state.etag, state.modified = etag, response.headers.get("Last-Modified", "")
    store.write_notes(
        state.name,
        {
            "url": state.url,
            "etag": state.etag,
            "modified": state.modified,
            "total": state.total,
            "promised": state.promised,
        },
    )


def _content_range(response: httpx.Response) -> tuple[int, int | None]:
    """(first byte, whole length) of "bytes 100-999/1000"; (-1, None) when it makes no sense."""
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    span, _, total = rest.partition("/")
    start = span.partition("-")[0]
    if unit != "bytes" or not start.isdigit():
        return -1, None
    return int(start), int(total) if total.isdigit() else None


def _finished_or_changed(state: _State, response: httpx.Response) -> None:
    """416: either nothing is left to send, or the file is shorter now."""
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    if total.isdigit() and int(total) == state.done and state.done > 0:
        return
    state.start_over()
    state.etag = state.modified = ""
    raise DownloadFailed("The file has changed on the server meanwhile.", passing=True)


def _check_room(state: _State) -> None:
    if state.total is not None and state.total - state.done > store.room_for_files():
        raise disk_full(state.total - state.done)


def _receive(state: _State, response: httpx.Response, watch: Watch) -> None:
    looked_at = state.done
    with state.path.open("ab") as file:
        for chunk in response.iter_raw(CHUNK):
            watch.check()
            _check_beginning(state, response, chunk)
            _write(file, chunk, state)
            watch.progress(state.pace.at(state.done, state.total))
            if state.total is None and state.done - looked_at > ROOM_CHECKED_EVERY:
                looked_at = state.done
                if store.room_for_files() < ROOM_CHECKED_EVERY:
                    raise disk_full(ROOM_CHECKED_EVERY)


def _check_beginning(state: _State, response: httpx.Response, chunk: bytes) -> None:
    """A web page or an archive is refused at its first bytes, not after gigabytes."""
    if state.done == 0 and not chunk.startswith(MAGIC[: len(chunk)]):
        kind = response.headers.get("Content-Type", "").partition(";")[0] or "something else"
        raise DownloadFailed(
            f"{host_of(state.url)} sends {kind} that is not a GGUF.",
            fix="Give the address of the .gguf file itself, not of the page that shows it.",
        )


def _write(file: BinaryIO, chunk: bytes, state: _State) -> None:
    try:
        file.write(chunk)
        file.flush()
    except OSError as error:
        raise cannot_write(error, (state.total or state.done) - state.done) from error
    state.hash.update(chunk)
    state.done += len(chunk)
