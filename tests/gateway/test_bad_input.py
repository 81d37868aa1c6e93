"""What a stranger may send: a clear refusal, never a 500, and nobody else waits."""

import json
import socket
from collections.abc import Callable

import httpx
import pytest

from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import NO_TLS, SECRET, House, Served

HEADERS = {"authorization": f"Bearer {SECRET}"}


def send(gateway: Served, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


class TestBodies:
    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "empty_body"),
            (b"not json", "invalid_json"),
            (b"\xff\xfe\x00", "invalid_json"),
            (b"[1, 2]", "invalid_body"),
            (b'{"messages": []}', "missing_model"),
            (b'{"model": ["tiny"]}', "invalid_body"),
            (b'{"model": "tiny", "model": "huge"}', "duplicate_field"),
        ],
    )
    def test_are_refused_in_openais_shape(
        self, gateway: Served, upstream: FaultyUpstream, content: bytes, code: str
    ) -> None:
        reply = httpx.post(
            f"{gateway.url}/chat/completions", content=content, headers=HEADERS, verify=NO_TLS
        )

        assert reply.status_code == 400
        error = reply.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["code"] == code
        assert upstream.seen == []

    @pytest.mark.parametrize("announced", [True, False])
    def test_too_large(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served],
        announced: bool,
    ) -> None:  # fmt: skip
        house.serve("tiny", upstream.url)
        gateway = start_gateway(max_body_bytes=1024 * 1024)
        content = b'{"model": "tiny", "x": "' + b"a" * 3_000_000 + b'"}'
        if announced:
            reply = httpx.post(
                f"{gateway.url}/chat/completions", content=content, headers=HEADERS, verify=NO_TLS
            )
        else:
            parts = (content[at : at + 65536] for at in range(0, len(content), 65536))
            reply = httpx.post(
                f"{gateway.url}/chat/completions", content=parts, headers=HEADERS, verify=NO_TLS
            )

        assert reply.status_code == 413
        assert reply.json()["error"]["code"] == "body_too_large"
        assert upstream.seen == []

    def test_announced_as_enormous(self, gateway: Served) -> None:
        answer = send(
            gateway,
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
            + SECRET.encode()
            + b"\r\ncontent-length: 10000000000\r\n\r\n",
        )

        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in answer

    def test_in_chunks(self, gateway: Served) -> None:
        def parts():  # type: ignore[no-untyped-def]
            for byte in json.dumps({"model": "tiny", "messages": []}).encode():
                yield bytes([byte])

        reply = httpx.post(
            f"{gateway.url}/chat/completions", content=parts(), headers=HEADERS, verify=NO_TLS
        )

        assert reply.status_code == 200

    def test_compressed(self, gateway: Served) -> None:
        reply = httpx.post(
            f"{gateway.url}/chat/completions",
            content=b"\x1f\x8b\x08",
            headers={**HEADERS, "content-encoding": "gzip"},
        )

        assert reply.status_code == 415

    def test_one_that_never_comes(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("tiny", upstream.url)
        gateway = start_gateway(body_seconds=0.3)
        head = (
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n"
            b"content-length: 100\r\n\r\n{" % SECRET.encode()
        )
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as slow:
            slow.sendall(head)
            other = httpx.get(f"{gateway.url}/models", headers=HEADERS, verify=NO_TLS)
            answer = slow.recv(4096)

        assert other.status_code == 200
        assert answer.startswith(b"HTTP/1.1 408 ")


class TestKeysInStrangePlaces:
    def test_in_the_address(self, gateway: Served) -> None:
        reply = httpx.get(f"{gateway.url}/models?api_key={SECRET}")

        assert reply.status_code == 401
        assert reply.json()["error"]["code"] == "key_in_address"

    def test_as_x_api_key(self, gateway: Served) -> None:
        reply = httpx.get(f"{gateway.url}/models", headers={"x-api-key": SECRET})

        assert reply.status_code == 200

    @pytest.mark.parametrize(
        "value", ["", "Basic x", "Bearer", "Bearer \xff", "Bearer hs_x.y", "Bearer hs_"]
    )
    def test_no_key_at_all(self, gateway: Served, value: str) -> None:
        reply = httpx.get(
            f"{gateway.url}/models", headers={"authorization": value.encode("latin-1")}
        )

        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"


class TestPaths:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/v1/nothing", 404),
            ("GET", "/v1/models/absent", 404),
            ("GET", "/v1/models/a/b/c", 404),
            ("POST", "/v1/models", 405),
            ("GET", "/v1/chat/completions", 405),
            ("GET", "/v1/models/..%2f..%2fetc", 404),
        ],
    )
    def test_refused(self, gateway: Served, method: str, path: str, status: int) -> None:
        address = f"http://127.0.0.1:{gateway.port}{path}"

        assert httpx.request(method, address, headers=HEADERS, verify=NO_TLS).status_code == status


class TestSmuggling:
    @pytest.mark.parametrize(
        "lines",
        [
            b"content-length: 4\r\ntransfer-encoding: chunked\r\n",
            b"content-length: 4\r\ncontent-length: 5\r\n",
            b"transfer-encoding: xchunked\r\n",
            b"transfer-encoding : chunked\r\n",
            b"x: a\rb\r\n",
        ],
    )
    def test_two_readings_are_none(
        self, gateway: Served, upstream: FaultyUpstream, lines: bytes
    ) -> None:
        answer = send(
            gateway,
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
            + SECRET.encode()
            + b"\r\n"
            + lines
            + b"\r\n0\r\n\r\nGET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n",
        )

        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1") == 1
        assert upstream.seen == []

    def test_a_header_named_by_connection_goes_no_further(
        self, gateway: Served, upstream: FaultyUpstream
    ) -> None:
        httpx.post(
            f"{gateway.url}/chat/completions",
            json={"model": "tiny", "messages": []},
            headers={**HEADERS, "connection": "keep-alive, x-secret", "x-secret": "1"},
        )

        assert upstream.seen[-1].header("x-secret") is None
