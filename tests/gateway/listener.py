"""A client that counts what it is sent of one stream."""

import threading
from typing import Any

import httpx


class Listener:
    """Begins at once, in a thread of its own. `whole`: the stream came to its proper end."""

    def __init__(self, port: int, secret: str, **body: Any) -> None:
        self.events = 0
        self.id = ""
        self.whole = False
        self._url = f"http://127.0.0.1:{port}/v1/chat/completions"
        self._headers = {"authorization": f"Bearer {secret}"}
        self._body = {"model": "tiny", "messages": [], "stream": True, "max_tokens": 6, **body}
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            with httpx.stream(
                "POST", self._url, json=self._body, headers=self._headers, timeout=60
            ) as reply:
                self.id = reply.headers["x-request-id"]
                for line in reply.iter_lines():
                    self.events += '"content"' in line
                    self.whole = self.whole or "[DONE]" in line
        except httpx.TransportError:
            return

    def wait(self) -> None:
        self._thread.join(60)
        assert not self._thread.is_alive()
