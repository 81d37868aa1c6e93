"""Anthropic's own client while a model loads, and when it has to be served from elsewhere."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anthropic
import msgspec
import pytest

from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.link import DEMAND_STREAM
from tests.gateway.harness import SECRET, House, Served
from tests.gateway.replies import DONE, USAGE, chunk, completion
from tests.gateway.scripted_upstream import ScriptedUpstream
from tests.waiting import eventually

ASK: Any = {"model": "sleepy", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def deployment(*urls: str) -> snapshot.DeploymentEntry:
    replicas = [snapshot.ReplicaEntry(id=f"r{n}", url=url) for n, url in enumerate(urls)]
    state = "ready" if urls else "asleep"
    return snapshot.DeploymentEntry(
        id=5, name="sleepy", state=state, on_demand=True, replicas=replicas
    )


@contextmanager
def client_of(gateway: Served) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=gateway.url.removesuffix("/v1"),
        api_key=SECRET,
        max_retries=0,
        timeout=30,
        _strict_response_validation=True,
    ) as client:
        yield client


@pytest.fixture
def sleepy(house: House) -> House:
    house.deployments = [deployment()]
    target = snapshot.TargetEntry(deployment_id=5)
    house.routes = [snapshot.RouteEntry(name="sleepy", team_id=1, targets=[target])]
    return house


class TestWaiting:
    def test_a_stream_begins_when_the_model_is_there(
        self, sleepy: House, scripted: ScriptedUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        scripted.will_stream(chunk(content="Hello."), chunk("stop"), USAGE, DONE)
        gateway = start_gateway(hold_notice_seconds=0.1)

        def wake() -> None:
            with sleepy.redis.client() as redis:
                eventually(lambda: redis.xlen(DEMAND_STREAM), within=30)
            sleepy.deployments = [deployment(scripted.url)]
            sleepy.publish()

        waking = threading.Thread(target=wake)
        waking.start()
        with client_of(gateway) as claude, claude.messages.stream(**ASK) as stream:
            said = list(stream.text_stream)
        waking.join()

        assert said == ["Hello."]

    def test_waiting_in_vain_ends_in_an_error(
        self, sleepy: House, start_gateway: Callable[..., Served]
    ) -> None:
        gateway = start_gateway(hold_notice_seconds=0.1, hold_seconds=0.5)

        with client_of(gateway) as claude:
            with pytest.raises(anthropic.APIStatusError) as streamed:
                list(claude.messages.create(**ASK, stream=True))
            with pytest.raises(anthropic.InternalServerError) as plain:
                claude.messages.create(**ASK)

        for refused, status in ((streamed.value, 200), (plain.value, 503)):
            body: Any = refused.body
            assert refused.status_code == status
            assert (body["type"], body["error"]["type"]) == ("error", "overloaded_error")


class TestElsewhere:
    def test_an_overloaded_server_is_passed_over(
        self, house: House, scripted: ScriptedUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("sleepy", scripted.url, speaks=["messages"])
        house.serve("other", scripted.url, speaks=["chat"])
        step = snapshot.FallbackEntry(on=["5xx"], to="other")
        house.routes[0] = msgspec.structs.replace(house.routes[0], fallbacks=[step])
        busy = {"type": "error", "error": {"type": "overloaded_error", "message": "Busy."}}
        scripted.will_answer(busy, status=529)
        scripted.will_answer(completion(content="Hello."))

        with client_of(start_gateway()) as claude:
            message = claude.messages.create(**ASK)

        assert message.content[0].to_dict()["text"] == "Hello."
