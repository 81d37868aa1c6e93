"""The limit on request bodies, before Django writes them to the disk."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from apps.accounts.actions import issue_token
from apps.accounts.models import Team, User
from apps.models import store
from controlplane.uploads import with_body_limits

MB = 1024 * 1024

pytestmark = pytest.mark.django_db(transaction=True)


class Behind:
    """An application that reads the whole body and answers with its size."""

    def __init__(self) -> None:
        self.read = 0
        self.disconnected = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnected = True
                return
            self.read += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def send_body(
    behind: Behind, *, path: str, size: int, declared: bool = True, token: str = ""
) -> int:
    """The status of a POST of `size` bytes in pieces of 1 MB."""
    left, statuses = size, []

    async def receive() -> dict[str, object]:
        nonlocal left
        piece = min(left, MB)
        left -= piece
        return {"type": "http.request", "body": b"x" * piece, "more_body": left > 0}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(b"content-length", str(size).encode())] if declared else []
    if token:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    await with_body_limits(behind)(scope, receive, send)
    (status,) = statuses
    return status


@pytest.fixture
def token(admin: User, team: Team) -> str:
    return issue_token(user=admin, team=team, name="t")[1]


class TestEverythingElse:
    @pytest.mark.parametrize("declared", [True, False])
    async def test_ten_megabytes_are_enough(self, *, declared: bool) -> None:
        behind = Behind()
        assert await send_body(behind, path="/api/keys", size=9 * MB, declared=declared) == 200
        behind = Behind()
        assert await send_body(behind, path="/api/keys", size=30 * MB, declared=declared) == 413
        assert behind.read <= django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE


class TestModelFiles:
    @pytest.mark.parametrize("declared", [True, False])
    async def test_they_may_be_large(self, token: str, *, declared: bool) -> None:
        behind = Behind()
        status = await send_body(
            behind, path="/api/ai-models", size=30 * MB, declared=declared, token=token
        )
        assert status == 200
        assert behind.read == 30 * MB

    @pytest.mark.parametrize("declared", [True, False])
    async def test_not_from_strangers(self, *, declared: bool) -> None:
        behind = Behind()
        status = await send_body(behind, path="/api/ai-models", size=30 * MB, declared=declared)
        assert status in {401, 403}
        assert behind.read == 0

    @pytest.mark.parametrize("declared", [True, False])
    async def test_not_beyond_the_room_on_the_disk(
        self, token: str, monkeypatch: pytest.MonkeyPatch, *, declared: bool
    ) -> None:
        monkeypatch.setattr(store, "room_for_files", lambda: 40 * MB)
        behind = Behind()
        status = await send_body(
            behind, path="/api/ai-models", size=30 * MB, declared=declared, token=token
        )
        assert status == 413
        assert behind.read <= 20 * MB


def test_uploads_land_on_the_disk_of_the_store() -> None:
    assert Path(django_settings.FILE_UPLOAD_TEMP_DIR).parent == django_settings.MODELS_DIR
