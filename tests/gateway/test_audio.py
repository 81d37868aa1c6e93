"""Sound, pictures and rankings: forms and bytes that pass through as they are."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import openai
import pytest

from apps.gateway.dataplane.errors import GatewayError
from apps.gateway.dataplane.form import read_head
from tests.gateway.harness import HEADERS, House, Served, strict_openai
from tests.gateway.scripted_upstream import ScriptedUpstream

WAVE = b"RIFF\x00\x01--not a boundary\r\n\r\n\xff\xfe" + bytes(range(256)) * 40
TRANSCRIPT = {
    "text": "hello",
    "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 2, "total_tokens": 16},
}
BOUNDARY = b"--xyz"
FORM = {**HEADERS, "content-type": "multipart/form-data; boundary=xyz"}


@pytest.fixture
def gateway(
    house: House, scripted: ScriptedUpstream, start_gateway: Callable[..., Served]
) -> Served:
    house.serve("tiny", scripted.url)
    house.serve("renamed", scripted.url, model="vendor/whisper")
    return start_gateway()


@pytest.fixture
def client(gateway: Served) -> Iterator[openai.OpenAI]:
    with strict_openai(gateway) as client:
        yield client


def form(*fields: tuple[str, bytes]) -> bytes:
    parts = [
        b"%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n"
        % (BOUNDARY, about.encode(), value)
        for about, value in fields
    ]
    return b"".join(parts) + BOUNDARY + b"--\r\n"


class TestTranscriptions:
    def test_the_file_arrives_byte_for_byte(
        self, client: openai.OpenAI, scripted: ScriptedUpstream, house: House
    ) -> None:
        scripted.will_answer(TRANSCRIPT)

        reply = client.audio.transcriptions.create(
            model="tiny", file=("a.wav", WAVE), language="en", temperature=0.5
        )

        assert reply.text == "hello"
        seen = scripted.seen[0]
        assert seen.path == "/v1/audio/transcriptions"
        assert WAVE in seen.raw_body
        assert (seen.header("content-type") or "").startswith("multipart/form-data; boundary=")
        record = house.wait_for_usage(1)[0]
        assert (record.endpoint, record.prompt_tokens) == ("audio/transcriptions", 14)

    def test_another_name_is_put_in_its_place(
        self, gateway: Served, scripted: ScriptedUpstream
    ) -> None:
        scripted.will_answer(TRANSCRIPT)
        fields = [('name="file"; filename="model"', WAVE), ('name="language"', b"en")]
        asked = form(*fields[:1], ('name="model"', b"renamed"), *fields[1:])

        reply = httpx.post(f"{gateway.url}/audio/transcriptions", content=asked, headers=FORM)

        assert reply.status_code == 200
        assert scripted.seen[0].raw_body == form(
            *fields[:1], ('name="model"', b"vendor/whisper"), *fields[1:]
        )

    def test_translations(self, gateway: Served, scripted: ScriptedUpstream) -> None:
        scripted.will_answer({"text": "hello"})

        reply = httpx.post(
            f"{gateway.url}/audio/translations",
            files={"file": ("a.wav", WAVE)},
            data={"model": "tiny"},
            headers=HEADERS,
        )

        assert reply.json() == {"text": "hello"}
        assert scripted.seen[0].path == "/v1/audio/translations"

    def test_a_stream(self, client: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        scripted.will_stream(
            b'data: {"type":"transcript.text.delta","delta":"hel"}\n\n',
            b'data: {"type":"transcript.text.done","text":"hello"}\n\n',
        )

        events = list(client.audio.transcriptions.create(model="tiny", file=WAVE, stream=True))

        assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]

    def test_a_large_file(self, gateway: Served, scripted: ScriptedUpstream) -> None:
        scripted.will_answer(TRANSCRIPT)
        sound = bytes(25 * 1024 * 1024)

        reply = httpx.post(
            f"{gateway.url}/audio/transcriptions",
            files={"file": ("a.wav", sound)},
            data={"model": "tiny"},
            headers=HEADERS,
            timeout=60,
        )

        assert reply.status_code == 200
        assert len(scripted.seen[0].raw_body) > len(sound)

    def test_one_that_is_too_large(
        self, house: House, scripted: ScriptedUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("tiny", scripted.url)
        gateway = start_gateway(max_body_bytes=1024)

        reply = httpx.post(
            f"{gateway.url}/audio/transcriptions",
            files={"file": ("a.wav", bytes(2000))},
            data={"model": "tiny"},
            headers=HEADERS,
        )

        assert reply.status_code == 413
        assert scripted.seen == []

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (form(('name="file"; filename="a"', b"x")), "missing_model"),
            (form(('name="model"', b"")), "missing_model"),
            (form(('name="model"', b"tiny"), ('name="model"', b"other")), "duplicate_field"),
            (form(('name="model"', b"tiny"))[:-12], "invalid_form"),
            (b"", "invalid_form"),
            (b'{"model":"tiny"}', "invalid_form"),
            (form(("x" * 9000, b"tiny")), "invalid_form"),
        ],
    )
    def test_what_is_no_form(self, body: bytes, code: str) -> None:
        with pytest.raises(GatewayError) as refusal:
            read_head(body, FORM["content-type"].encode())

        assert (refusal.value.status, refusal.value.code) == (400, code)

    def test_a_body_that_says_it_is_something_else(
        self, gateway: Served, scripted: ScriptedUpstream
    ) -> None:
        reply = httpx.post(
            f"{gateway.url}/audio/transcriptions", json={"model": "tiny"}, headers=HEADERS
        )

        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_form")
        assert scripted.seen == []


class TestSpeech:
    def test_sound_comes_back_as_it_is(
        self, client: openai.OpenAI, scripted: ScriptedUpstream, house: House
    ) -> None:
        scripted.will_answer(WAVE)

        with client.audio.speech.with_streaming_response.create(
            model="tiny", voice="alloy", input="hello", response_format="wav"
        ) as reply:
            assert b"".join(reply.iter_bytes()) == WAVE

        assert scripted.seen[0].body["voice"] == "alloy"
        assert house.wait_for_usage(1)[0].endpoint == "audio/speech"

    def test_it_is_heard_while_it_comes(
        self, house: House, start_gateway: Callable[..., Served]
    ) -> None:
        """The first sound is with the client before the last one has been made."""
        go_on = threading.Event()
        with slow_speaker(go_on) as address:
            house.serve("tiny", address)
            with httpx.stream(
                "POST",
                f"{start_gateway().url}/audio/speech",
                json={"model": "tiny", "input": "x", "voice": "y"},
                headers=HEADERS,
                timeout=20,
            ) as reply:
                sound = reply.iter_raw()
                assert next(sound) == b"first"
                go_on.set()
                assert b"".join(sound) == b"last"


@contextmanager
def slow_speaker(go_on: threading.Event) -> Iterator[str]:
    """A server that makes its last sound when it is told to; its address."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 9\r\n\r\n"

    def speak(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(head + b"first")
            go_on.wait(20)
            connection.sendall(b"last")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=speak, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        thread.join(30)


class TestRankings:
    RANKED: Any = {"results": [{"index": 0, "relevance_score": 0.9}], "usage": {"prompt_tokens": 9}}

    @pytest.mark.parametrize("path", ["rerank", "reranking"])
    def test_pass_through(
        self, gateway: Served, scripted: ScriptedUpstream, house: House, path: str
    ) -> None:
        scripted.will_answer(self.RANKED)
        asked = {"model": "renamed", "query": "q", "documents": ["a"], "top_n": 1}

        reply = httpx.post(f"{gateway.url}/{path}", json=asked, headers=HEADERS)

        assert reply.json() == self.RANKED
        assert scripted.seen[0].path == f"/v1/{path}"
        assert scripted.seen[0].body == {**asked, "model": "vendor/whisper"}
        assert house.wait_for_usage(1)[0].prompt_tokens == 9


class TestPictures:
    def test_pass_through(self, client: openai.OpenAI, scripted: ScriptedUpstream) -> None:
        scripted.will_answer({"created": 1, "data": [{"b64_json": "AAAA"}]})

        reply = client.images.generate(model="tiny", prompt="a dot")

        assert reply.data is not None
        assert reply.data[0].b64_json == "AAAA"
