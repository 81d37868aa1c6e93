"""Talking to a gateway in bytes that no client library sends."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import httpx

from tests.gateway.harness import HEADERS, NO_TLS, SECRET, Served

HEAD = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n"
    b"content-type: application/json\r\nconnection: close\r\n" % SECRET.encode()
)
GOOD = b'{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}'
PATIENCE = 20.0  # seconds a well-behaved client would wait at most, on a busy machine


def exchange(gateway: Served, *parts: bytes) -> bytes:
    """Everything that comes back until the gateway closes."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as connection:
        for part in parts:
            connection.sendall(part)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def refusal(answer: bytes) -> tuple[int, str]:
    """Status and code of an answer that is one error object in OpenAI's shape."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.count(b"HTTP/1.1 ") == 1
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert len(error["message"]) > 10
    return int(head.split(b" ")[1]), error["code"]


def with_length(body: bytes) -> bytes:
    return HEAD + b"content-length: %d\r\n\r\n" % len(body) + body


@contextmanager
def well_behaved(gateway: Served) -> Iterator[list[float]]:
    """A client that asks all the while; the seconds each of its requests took."""
    took: list[float] = []
    over = Event()

    def ask() -> None:
        with httpx.Client(headers=HEADERS, verify=NO_TLS, timeout=PATIENCE) as client:
            while not over.is_set():
                began = time.monotonic()
                reply = client.post(f"{gateway.url}/chat/completions", content=GOOD)
                took.append(time.monotonic() - began if reply.status_code == 200 else PATIENCE)

    asker = Thread(target=ask)
    asker.start()
    try:
        yield took
    finally:
        over.set()
        asker.join(2 * PATIENCE)
    assert took
    assert max(took) < PATIENCE / 2


@contextmanager
def many(gateway: Served, raw: bytes, *, count: int) -> Iterator[list[socket.socket]]:
    """Connections that have sent these bytes and nothing more."""
    connections = [
        socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE)
        for _ in range(count)
    ]
    try:
        for each in connections:
            each.sendall(raw)
        yield connections
    finally:
        for each in connections:
            each.close()


def trickle(connection: socket.socket) -> bytes:
    """Send one more byte; what was answered, if anything was."""
    connection.settimeout(0.01)
    try:
        connection.sendall(b" ")
        return connection.recv(65536)
    except TimeoutError:
        return b""
