"""kill -9 of every part while an operation and a stream are running: what is promised holds."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.journeys.conftest import Hearth
from tests.journeys.slow_world import PIECES, slow_world
from tests.waiting import eventually

pytestmark = pytest.mark.slow

BUNDLED = Path(__file__).resolve().parents[2] / "stack" / "assets" / "opsling-q8_0.gguf"


@pytest.fixture(scope="module")
def world(hearth: Hearth) -> Iterator[str]:
    """An outside server registered as an upstream, so that a stream lasts as long as we need."""
    with slow_world(BUNDLED, seconds_for_the_file=8) as url:
        upstream = {"name": "outside", "base_url": f"{url}/v1"}
        assert hearth.call("POST", "/api/upstreams", json=upstream).status_code == 201
        route = {"name": "slow", "targets": [{"upstream": "outside", "model": "slow"}]}
        assert hearth.call("POST", "/api/routes", json=route).status_code == 201
        client = openai.OpenAI(
            base_url=hearth.made["OPENAI_BASE_URL"], api_key=hearth.made["OPENAI_API_KEY"]
        )
        eventually(lambda: "slow" in [model.id for model in client.models.list()], within=60)
        yield url


@dataclass
class Stream:
    """A streaming request in a thread of its own."""

    hearth: Hearth
    model: str = "slow"
    pieces: list[str] = field(default_factory=list)
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> "Stream":
        threading.Thread(target=self._read, daemon=True).start()
        eventually(lambda: len(self.pieces) > 5, within=60)
        return self

    def _read(self) -> None:
        client = openai.OpenAI(
            base_url=self.hearth.made["OPENAI_BASE_URL"],
            api_key=self.hearth.made["OPENAI_API_KEY"],
            max_retries=0,
        )
        try:
            for chunk in client.chat.completions.create(
                model=self.model, messages=[{"role": "user", "content": "count"}], stream=True
            ):
                self.pieces += [
                    choice.delta.content for choice in chunk.choices if choice.delta.content
                ]
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is the finding
            self.error = error
        finally:
            self.done.set()


def begin_download(hearth: Hearth, world: str, name: str) -> str:
    body = {"name": name, "source": {"url": f"{world}/model.gguf"}}
    response = hearth.call("POST", "/api/ai-models", json=body)
    assert response.status_code == 202, response.text
    operation_id = str(response.json()["id"])
    eventually(
        lambda: hearth.get(f"/api/operations/{operation_id}")["state"] == "running", within=30
    )
    return operation_id


def until_succeeded(hearth: Hearth, operation_id: str, *, within: float = 90) -> dict[str, Any]:
    def has_ended() -> Any:
        response = hearth.call("GET", f"/api/operations/{operation_id}")
        assert response.status_code == 200
        operation = response.json()
        assert operation["state"] not in {"queued", "running"}, operation
        return operation

    operation = eventually(has_ended, within=within)
    assert operation["state"] == "succeeded", operation
    log = hearth.get(f"/api/operations/{operation_id}/log?limit=500")["items"]
    assert [line["sequence"] for line in log] == list(range(1, len(log) + 1))
    return dict(operation)


@pytest.mark.parametrize("service", ["worker", "beat", "redis", "postgres"])
def test_a_stream_and_a_download_outlive(service: str, hearth: Hearth, world: str) -> None:
    stream = Stream(hearth).begin()
    operation_id = begin_download(hearth, world, f"while-{service}-dies")

    old = hearth.kill(service)
    hearth.until_restarted(service, old_pid=old)

    until_succeeded(hearth, operation_id)
    assert stream.done.wait(60)
    assert stream.error is None
    assert len(stream.pieces) == PIECES
    hearth.until_well()


def test_killing_web_breaks_streams_honestly_and_work_goes_on(hearth: Hearth, world: str) -> None:
    stream = Stream(hearth).begin()
    operation_id = begin_download(hearth, world, "while-web-dies")

    old = hearth.kill("web")

    assert stream.done.wait(60)
    assert stream.error is not None, "a broken stream must not look like a finished one"
    hearth.until_restarted("web", old_pid=old)
    until_succeeded(hearth, operation_id)
    again = Stream(hearth).begin()
    assert again.done.wait(60)
    assert len(again.pieces) == PIECES


def test_a_killed_model_server_comes_back_and_its_exit_is_kept(hearth: Hearth) -> None:
    deployment = hearth.get("/api/deployments")["items"][0]
    (state,) = hearth.var.glob("replicas/*/state.json")
    killed = json.loads(state.read_text())["server_pid"]

    os.kill(killed, signal.SIGKILL)

    def is_back() -> bool:
        if json.loads(state.read_text())["server_pid"] in {None, killed}:
            return False
        now = hearth.get(f"/api/deployments/{deployment['id']}")
        return now["state"] == "ready" and bool(now["replicas"][0]["exits"])

    eventually(is_back, within=60)
    client = openai.OpenAI(
        base_url=hearth.made["OPENAI_BASE_URL"], api_key=hearth.made["OPENAI_API_KEY"]
    )
    answer = client.chat.completions.create(
        model=deployment["name"], messages=[{"role": "user", "content": "reboot db-07"}]
    )
    assert "db-07" in (answer.choices[0].message.content or "")


def test_every_stream_was_counted_once(hearth: Hearth, world: str) -> None:
    """Runs after the ones above, on the same installation."""

    def counted() -> int:
        items = hearth.get("/api/usage?group_by=model")["items"]
        return sum(item["completion_tokens"] for item in items if item["model"] == "slow")

    # Five whole streams; the one that web's death cut off may be missing or partly counted.
    eventually(lambda: counted() >= 5 * PIECES, within=60)
    assert counted() <= 6 * PIECES
