"""Bytes no client library sends, on the socket itself: refused in one shape, and nobody waits."""

import json
import socket
from collections.abc import Iterator

import httpx
import pytest
from msgspec.structs import replace

from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import (
    HEADERS,
    NO_TLS,
    SECRET,
    House,
    OwnRedis,
    Served,
    config,
    post,
    serving,
)
from tests.gateway.wire import GOOD, HEAD, PATIENCE, exchange, refusal, well_behaved, with_length


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, FaultyUpstream]]:
    folder = tmp_path_factory.mktemp("wire")
    redis = OwnRedis(folder)
    redis.start()
    try:
        with FaultyUpstream() as upstream:
            house = House(redis)
            house.serve("tiny", upstream.url)
            # All that reads bodies has to read these.
            house.upstreams[0] = replace(house.upstreams[0], context_length=100_000)
            house.routes[0] = replace(house.routes[0], affinity="session")
            house.publish()
            with serving(config(redis.url, folder)) as gateway:
                yield gateway, upstream
    finally:
        redis.kill()


@pytest.fixture
def gateway(shared: tuple[Served, FaultyUpstream]) -> Served:
    """One for all of these tests: bad input must leave nothing behind."""
    return shared[0]


@pytest.fixture
def upstream(shared: tuple[Served, FaultyUpstream]) -> FaultyUpstream:
    shared[1].seen.clear()
    return shared[1]


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b'{"model": "tiny", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid_json"),
            (b"[" * 100_000, "invalid_body"),
            (b'{"model": "tiny", "x": ' + b'{"a":' * 100_000, "invalid_json"),
            (b'{"model": "tiny", "x": "\xc3\x28"}', "invalid_json"),
            (b'{"model": "tiny"}\x00', "invalid_json"),
            (b"\x00" * 64, "invalid_json"),
            (b'\xef\xbb\xbf{"model": "tiny"}', "invalid_json"),
            (b'{"model": "\\ud800"}', "invalid_json"),
            (b'{"model": "tiny", "n": NaN}', "invalid_json"),
            (b'{"model": null}', "invalid_body"),
            (b'{"model": {"a": 1}}', "invalid_body"),
            (b'{"model": "tiny", "stream": "yes"}', "invalid_body"),
            (b'{"model": "tiny", "model": "tiny"}', "duplicate_field"),
            (b'{"model": "tiny", "\\u006dodel": "huge"}', "duplicate_field"),
            (
                b'{"model": "tiny", "stream": true, "stream_options": {}, "stream_options": {}}',
                "duplicate_field",
            ),
            (
                b'{"model": "tiny", "stream": true, "stream_options": {"x": 1e999}}',
                "invalid_body",
            ),
        ],
    )  # fmt: skip
    def test_are_refused(
        self, gateway: Served, upstream: FaultyUpstream, body: bytes, code: str
    ) -> None:
        assert refusal(exchange(gateway, with_length(body))) == (400, code)
        assert upstream.seen == []

    @pytest.mark.parametrize("model", ["nobody", "a\x00b", "../../etc/passwd", "\n", "é" * 5000])
    def test_models_that_are_not_there(self, gateway: Served, model: str) -> None:
        body = json.dumps({"model": model, "messages": []}).encode()

        assert refusal(exchange(gateway, with_length(body))) == (404, "model_not_found")

    @pytest.mark.parametrize("number", [b"9" * 4000, b"-1e308", b"1e999999", b"1" + b"0" * 400])
    def test_huge_numbers_are_the_model_servers_business(
        self, gateway: Served, upstream: FaultyUpstream, number: bytes
    ) -> None:
        body = GOOD[:-1] + b', "seed": ' + number + b"}"

        answer = exchange(gateway, with_length(body))

        assert answer.startswith(b"HTTP/1.1 200 ")
        assert number in upstream.seen[-1].raw_body

    def test_nesting_just_about_as_deep_as_can_be_read(self, gateway: Served) -> None:
        """What one reader takes may be too deep for the next one, further down in the program."""
        statuses = set()
        with httpx.Client(headers=HEADERS, verify=NO_TLS, timeout=PATIENCE) as client:
            for depth in range(850, 1000, 3):
                content = GOOD[:-1] + b', "x": ' + b"[" * depth + b"]" * depth + b"}"
                reply = client.post(f"{gateway.url}/chat/completions", content=content)
                statuses.add(reply.status_code)

        assert 400 in statuses
        assert 500 not in statuses

    @pytest.mark.parametrize("encoding", [b"gzip", b"br", b"zstd, gzip", b"deflate"])
    def test_compressed(self, gateway: Served, encoding: bytes) -> None:
        raw = HEAD + b"content-encoding: %s\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00" % encoding

        assert refusal(exchange(gateway, raw)) == (415, "compressed_body")

    def test_fifty_megabytes(self, gateway: Served, upstream: FaultyUpstream) -> None:
        body = b'{"model": "tiny", "x": "' + b"a" * 50_000_000 + b'"}'
        with well_behaved(gateway):
            assert refusal(exchange(gateway, with_length(body))) == (413, "body_too_large")

    def test_one_chunk_per_byte(self, gateway: Served) -> None:
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in GOOD)

        answer = exchange(
            gateway, HEAD + b"transfer-encoding: chunked\r\n\r\n", chunks, b"0\r\n\r\n"
        )

        assert answer.startswith(b"HTTP/1.1 200 ")


class TestAnthropicsShape:
    """Clients of /v1/messages understand only their own errors."""

    @pytest.mark.parametrize(
        ("lines", "body", "status"),
        [
            (b"", b"not json", 400),
            (b"", b'{"model": "tiny", "max_tokens": 5, "messages": "\xff"}', 400),
            (b"", b'{"model": "tiny", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
            (b"", b'{"model": "nobody", "max_tokens": 5, "messages": []}', 404),
            (b"", b'{"model": "tiny", "model": "tiny"}', 400),
            (b"content-encoding: gzip\r\n", b"\x1f\x8b", 415),
        ],
    )
    def test_refusals(
        self, gateway: Served, upstream: FaultyUpstream, lines: bytes, body: bytes, status: int
    ) -> None:
        head = HEAD.replace(b"/chat/completions", b"/messages") + lines

        answer = exchange(gateway, head + b"content-length: %d\r\n\r\n" % len(body) + body)

        assert int(answer.split(b" ")[1]) == status
        said = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert said["type"] == "error"
        assert {"type", "message"} <= set(said["error"])
        assert upstream.seen == []


class TestLeaving:
    def test_a_client_that_says_it_sends_no_more_has_left(
        self, gateway: Served, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
                connection.sendall(with_length(GOOD))
                connection.shutdown(socket.SHUT_WR)
                connection.recv(65536)

        assert post(gateway).status_code == 200
        assert caplog.records == []


class TestHeads:
    @pytest.mark.parametrize(
        "lines",
        [
            b"content-length: %d\r\ntransfer-encoding: chunked\r\n",
            b"transfer-encoding: chunked\r\ncontent-length: %d\r\n",
            b"content-length: %d\r\ncontent-length: 4\r\n",
            b"content-length: %d, 4\r\n",
            b"content-length: +%d\r\n",
            b"content-length: -%d\r\n",
            b"content-length: 0x%d\r\n",
            b"content-length: 99999999999999999999999%d\r\n",
            b"content-length : %d\r\n",
            b"transfer-encoding: xchunked\r\nx: %d\r\n",
            b"transfer-encoding: chunked, identity\r\nx: %d\r\n",
            b"transfer-encoding : chunked\r\nx: %d\r\n",
            b"x: a\x00b\r\ncontent-length: %d\r\n",
            b"x: a\rb\r\ncontent-length: %d\r\n",
            b"x y: z\r\ncontent-length: %d\r\n",
            b": z\r\ncontent-length: %d\r\n",
        ],
    )
    def test_two_readings_are_none(
        self, gateway: Served, upstream: FaultyUpstream, lines: bytes
    ) -> None:
        hidden = b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"

        answer = exchange(gateway, HEAD + lines % len(GOOD) + b"\r\n" + GOOD + hidden)

        assert refusal(answer) == (400, "invalid_http")
        assert upstream.seen == []

    @pytest.mark.parametrize(
        "size", [b"zz", b"-1", b"0x5", b" 5", b"fffffffffffffffffff", b"5;\n", b"", b"5\x00"]
    )
    def test_chunk_sizes_that_are_none(
        self, gateway: Served, upstream: FaultyUpstream, size: bytes
    ) -> None:
        chunks = size + b"\r\nhello\r\n0\r\n\r\n"

        answer = exchange(gateway, HEAD + b"transfer-encoding: chunked\r\n\r\n", chunks)

        assert refusal(answer)[0] == 400
        assert upstream.seen == []

    @pytest.mark.parametrize(
        "raw",
        [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,  # TLS to a plain port
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\xff" * 100,
            b"GET /v1/\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
            b"GET /v1/\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        ],
    )
    def test_what_is_no_request(self, gateway: Served, raw: bytes) -> None:
        assert refusal(exchange(gateway, raw)) == (400, "invalid_http")

    def test_folded_lines_reach_nobody_as_two(
        self, gateway: Served, upstream: FaultyUpstream
    ) -> None:
        folded = b"x-note: a\r\n b: c\r\ncontent-length: %d\r\n\r\n" % len(GOOD)

        answer = exchange(gateway, HEAD + folded + GOOD)

        if answer.startswith(b"HTTP/1.1 200 "):
            assert upstream.seen[-1].header("b") is None
            assert "\n" not in (upstream.seen[-1].header("x-note") or "")
        else:
            assert refusal(answer)[0] == 400

    def test_endless_headers(self, gateway: Served) -> None:
        lines = [b"x-%06d: %s\r\n" % (number, b"a" * 1000) for number in range(20_000)]

        with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as connection:
            sent = sum(still_taken(connection, line) for line in [HEAD, *lines])

        assert sent < len(lines)

    def test_a_second_request_with_another_ones_key(self, gateway: Served) -> None:
        """The head of one request says nothing about the next on the same connection."""
        without_key = b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"

        answer = exchange(
            gateway, with_length(GOOD).replace(b"close", b"keep-alive", 1) + without_key
        )

        assert answer.count(b"HTTP/1.1 200 ") == 1
        assert answer.count(b"HTTP/1.1 401 ") == 1

    def test_key_in_the_address(self, gateway: Served) -> None:
        raw = b"GET /v1/models?key=%s HTTP/1.1\r\nconnection: close\r\n\r\n" % SECRET.encode()

        assert refusal(exchange(gateway, raw)) == (401, "key_in_address")


def still_taken(connection: socket.socket, data: bytes) -> bool:
    try:
        connection.sendall(data)
    except ConnectionError:
        return False
    return True
