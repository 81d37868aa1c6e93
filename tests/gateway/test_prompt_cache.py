"""What affinity is for: a conversation meets the replica that still has its beginning."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.gateway.dataplane import snapshot
from tests.gateway.engine import SERVER_KEY, running_engine
from tests.gateway.harness import House, Served, post

ABOUT = "You answer questions of people who look after machines, in one short sentence. " * 4


@pytest.mark.slow
@pytest.mark.parametrize("affinity", ["session", "prefix"])
def test_every_later_turn_finds_its_prompt_in_the_cache(
    house: House,
    model_server: str,
    tmp_path: Path,
    start_gateway: Callable[..., Served],
    affinity: Any,
) -> None:
    with running_engine(tmp_path) as other_server:
        replicas = [
            snapshot.ReplicaEntry(f"r{number}", url, sealed_key=f"sealed:{SERVER_KEY}", slots=2)
            for number, url in enumerate((model_server, other_server))
        ]
        house.deployments = [
            snapshot.DeploymentEntry(id=1, name="opsling", state="ready", replicas=replicas)
        ]
        target = snapshot.TargetEntry(deployment_id=1)
        house.routes = [
            snapshot.RouteEntry(name="opsling", team_id=1, targets=[target], affinity=affinity)
        ]
        gateway = start_gateway()
        places: set[str] = set()
        for number in range(40):  # which of them is whose favourite depends on their ports
            if number >= 4 and len(places) == 2:
                break
            turns = [{"role": "system", "content": f"db-{number:02}: {ABOUT}"}]
            where: set[str] = set()
            cached = []
            for question in ("Is it up?", "Since when?", "Who restarted it?"):
                turns.append({"role": "user", "content": question})
                reply = post(gateway, model="opsling", messages=turns, max_tokens=4)
                where.add(reply.headers["x-served-by"])
                body = reply.json()
                cached.append(body["usage"]["prompt_tokens_details"]["cached_tokens"])
                turns.append(body["choices"][0]["message"])
            assert len(where) == 1
            assert min(cached[1:]) > 50, cached
            places |= where

    assert places == {"opsling/r0", "opsling/r1"}
