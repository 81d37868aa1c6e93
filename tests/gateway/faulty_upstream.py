"""A model server that misbehaves on request, on a real socket.

What it does is told by the field `user` of the body; every other request is answered well.
"""

import asyncio
import json
import threading
from dataclasses import dataclass, field
from typing import Any

CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1700000000,
    "model": "tiny",
    "x_unknown": {"kept": True},
}


@dataclass
class Seen:
    """One request as the upstream saw it."""

    path: str
    headers: list[tuple[str, str]]
    raw_body: bytes
    connection: int

    @property
    def body(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.raw_body)
        return loaded

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class FaultyUpstream:
    """`with FaultyUpstream() as upstream:` listens on `upstream.url` until the block ends."""

    closes_after_stream: bool = False
    dies_before_first_byte: bool = False
    says_nothing: bool = False
    holds_after: int | None = None  # streams wait after so many events until this is None
    keeps_face: bool = False  # GET /models is answered well, whatever is wrong with the rest
    status: int = 200
    reply_headers: dict[str, str] = field(default_factory=dict)
    error_body: bytes = b'{"error": {"message": "no"}}'
    models: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    active: int = 0
    cut: int = 0  # replies the other side did not wait for
    sent_bytes: int = 0
    connections: int = 0
    port: int = 0

    def __enter__(self) -> "FaultyUpstream":
        started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(30)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def asked(self) -> int:
        """How often it was asked for an answer; a look at its models is none."""
        return sum(not seen.path.endswith("/models") for seen in self.seen)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main(started))

    async def _main(self, started: threading.Event) -> None:
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stopping.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        number = self.connections
        try:
            while await self._one_request(reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, RecursionError):
            return
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _one_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head.decode().strip().split("\r\n")
        headers = [(name.lower(), value) for name, value in (x.split(": ", 1) for x in lines)]
        length = int(next((v for k, v in headers if k == "content-length"), "0"))
        raw = await reader.readexactly(length)
        seen = Seen(request_line.split(" ")[1], headers, raw, number)
        self.seen.append(seen)
        if self.keeps_face and seen.path.endswith("/models"):
            self._write_models(writer)
            await writer.drain()
            return True
        if self.dies_before_first_byte:
            return False
        self.active += 1
        watcher = asyncio.ensure_future(self._notice_cut(reader))
        try:
            return await self._reply(seen, writer, watcher)
        except (ConnectionError, _Cut):
            self.cut += 1
            return False
        finally:
            self.active -= 1
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)

    async def _notice_cut(self, reader: asyncio.StreamReader) -> None:
        """Ends when the other side closes. Clients do not pipeline, so nothing else arrives."""
        while not reader.at_eof() and reader.exception() is None:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    async def _pause(self, seconds: float, watcher: "asyncio.Future[None]") -> None:
        done, _ = await asyncio.wait([watcher], timeout=seconds)
        if done:
            raise _Cut

    async def _reply(
        self, seen: Seen, writer: asyncio.StreamWriter, watcher: "asyncio.Future[None]"
    ) -> bool:
        body = seen.body if seen.raw_body else {}
        fault = body.get("user", "")
        if fault == "slow" or self.says_nothing:
            await self._pause(30, watcher)
        if fault == "garbage":
            writer.write(b"this is not HTTP\r\n\r\n")
            await writer.drain()
            return False
        if self.status != 200:
            self._write_plain(writer, self.status, self.error_body)
        elif body.get("stream"):
            return await self._stream(body, fault, writer, watcher)
        elif fault == "break":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{")
            await writer.drain()
            return False
        elif seen.path.endswith("/models"):
            self._write_models(writer)
        elif seen.path.endswith("/embeddings"):
            reply = {
                "object": "list",
                "model": "tiny",
                "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}],
                "usage": {"prompt_tokens": 5, "total_tokens": 5},
            }
            self._write_plain(writer, 200, json.dumps(reply).encode())
        else:
            self._write_plain(writer, 200, json.dumps(_completion(seen)).encode())
        await writer.drain()
        return True

    def _write_models(self, writer: asyncio.StreamWriter) -> None:
        listed = {"object": "list", "data": [{"id": name} for name in self.models]}
        self._write_plain(writer, 200, json.dumps(listed).encode())

    def _write_plain(self, writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
        extra = "".join(f"{k}: {v}\r\n" for k, v in self.reply_headers.items())
        kind = "" if "content-type" in self.reply_headers else "content-type: application/json\r\n"
        writer.write(
            f"HTTP/1.1 {status} X\r\n{kind}{extra}content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        self.sent_bytes += len(body)

    async def _stream(
        self,
        body: dict[str, Any],
        fault: str,
        writer: asyncio.StreamWriter,
        watcher: "asyncio.Future[None]",
    ) -> bool:
        extra = "".join(f"{k}: {v}\r\n" for k, v in self.reply_headers.items())
        writer.write(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            f"connection: keep-alive\r\n{extra}transfer-encoding: chunked\r\n\r\n".encode()
        )
        if fault == "break-after-head":
            await writer.drain()
            return False
        count = body.get("length", body.get("max_tokens", 5))
        filler = "x" * body.get("filler", 4)
        for index in range(count):
            delta = {"content": f"{index} {filler}"}
            choice = {"index": 0, "delta": delta, "finish_reason": None}
            event = _event({**CHUNK, "choices": [choice]})
            if fault == "break" and index == 3:
                self._chunk(writer, event[:20])
                await writer.drain()
                return False
            self._chunk(writer, event)
            await writer.drain()
            await self._pause(body.get("pace", 0), watcher)
            while self.holds_after == index + 1:
                await self._pause(0.01, watcher)
        stop = {"index": 0, "delta": {}, "finish_reason": "stop"}
        self._chunk(writer, _event({**CHUNK, "choices": [stop]}))
        if (body.get("stream_options") or {}).get("include_usage"):
            usage = {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": 7 + count}
            self._chunk(writer, _event({**CHUNK, "choices": [], "usage": usage}))
        self._chunk(writer, b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return not self.closes_after_stream

    def _chunk(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        self.sent_bytes += len(data)
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))


class _Cut(Exception):
    """The other side went away while the reply was being made."""


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _completion(seen: Seen) -> dict[str, Any]:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    if seen.path.endswith("/chat/completions"):
        message = {"role": "assistant", "content": "one two three"}
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "stop"}
        kind = "chat.completion"
    else:
        choice = {"index": 0, "text": "one two three", "finish_reason": "stop", "logprobs": None}
        kind = "text_completion"
    return {
        "id": "cmpl-1",
        "object": kind,
        "created": 1700000000,
        "model": seen.body["model"],
        "choices": [choice],
        "usage": usage,
    }
