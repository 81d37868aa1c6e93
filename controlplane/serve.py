"""How HTTP is served: by uvicorn, which here does not wait for ever and refuses in one shape.

`python -m controlplane.serve controlplane.asgi:application --fd 3` (or `--port 8000`).
"""

import argparse
import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from apps.gateway.dataplane.errors import GatewayError

HEAD_SECONDS = 20.0  # from the first byte of a request to the end of its headers
HEAD_BYTES = 128 * 1024

OPTIONS: dict[str, Any] = {
    "loop": "uvloop",
    "access_log": False,
    "server_header": False,
    # Longer than clients keep a connection idle, so that none is closed under a new request.
    "timeout_keep_alive": 75,
    # Without a limit uvicorn waits for ever for websockets whose client went away.
    "timeout_graceful_shutdown": 1,
    # Consoles only listen; what they send is far smaller than this.
    "ws_max_size": 64 * 1024,
}

_REASONS = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}


class PublicHttp(HttpToolsProtocol):
    """uvicorn's protocol with a limit to how long and how large the head of a request may be."""

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        self._mark_left()

    def _mark_left(self) -> None:
        """The transport is closed at once, and whoever still wrote to it would cause an error."""
        if self.cycle is not None:
            self.cycle.disconnected = True

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431, "headers_too_large", "The headers are too large. Send fewer.")
        elif not self._is_idle():
            return
        if self._head_timer is None:
            self._start_timer()

    def _is_idle(self) -> bool:
        """Whether no request is being served or read, though bytes came: empty lines, say."""
        return self.cycle is None or self.cycle.response_complete

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._stop_timer()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(
            400, "invalid_http", "What was sent is not a valid HTTP request. Check the client."
        )

    def _start_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        if not self._in_head:
            self._close()
            return
        self._refuse(408, "headers_timeout", "The headers of the request did not arrive in time.")

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer in the shape of the data plane and close: what follows cannot be understood."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            self._close()  # a reply is on its way: nothing may be written into it
            return
        body = GatewayError(status, code, message).body()
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self._close()

    def _close(self) -> None:
        self._mark_left()
        self.transport.close()


OPTIONS["http"] = PublicHttp


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m controlplane.serve", description=__doc__)
    parser.add_argument("application", help="module:name of an ASGI application")
    parser.add_argument("--fd", type=int, help="a listening socket, inherited")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args()
    where: dict[str, Any] = (
        {"host": chosen.host, "port": chosen.port} if chosen.fd is None else {"fd": chosen.fd}
    )
    uvicorn.run(chosen.application, **where, log_level="warning", **OPTIONS)


if __name__ == "__main__":
    main()
