"""Anthropic's own client while a model loads, and when it has to be served from elsewhere."""

import threading
from collections.abc import Callable
from typing import Any

import anthropic
import msgspec
import pytest

from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.link import DEMAND_STREAM
from tests.gateway.harness import House, Served, strict_anthropic
from tests.gateway.replies import DONE, USAGE, chunk, completion
from tests.gateway.scripted_upstream import ScriptedUpstream
from tests.gateway.sleepy import deployment
from tests.waiting import eventually

ASK: Any = {"model": "sleepy", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


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
        with strict_anthropic(gateway) as claude, claude.messages.stream(**ASK) as stream:
            said = list(stream.text_stream)
        waking.join()

        assert said == ["Hello."]

    @pytest.mark.slow
    def test_waiting_in_vain_ends_in_an_error(
        self, sleepy: House, start_gateway: Callable[..., Served]
    ) -> None:
        gateway = start_gateway(hold_notice_seconds=0.1, hold_seconds=0.5)

        with strict_anthropic(gateway) as claude:
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

        with strict_anthropic(start_gateway()) as claude:
            message = claude.messages.create(**ASK)

        assert message.content[0].to_dict()["text"] == "Hello."
