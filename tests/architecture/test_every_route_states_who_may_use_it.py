"""Every route × every role over real HTTP, against the declared rule and the committed table.

`HEARTH_UPDATE=1 make test-fast` rewrites `access.json` after a deliberate change of rights; the
difference is then part of the commit.
"""

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from apps.accounts.actions import issue_token
from apps.accounts.auth import needs, public, signed_in
from apps.core.permissions import ROLE_PERMISSIONS, Role
from tests.architecture.api_routes import Route, all_routes
from tests.factories.accounts import make_user

TABLE = Path(__file__).with_name("access.json")
ANONYMOUS = "anybody"
WHO = [ANONYMOUS, *Role.values]


def allowed_by_rule(route: Route) -> list[str]:
    if isinstance(route.rule, public):
        return WHO
    if isinstance(route.rule, signed_in):
        return list(Role.values)
    return [role for role in Role.values if route.rule.permission in ROLE_PERMISSIONS[role]]


def test_every_route_declares_one_of_the_three_rules():
    undeclared = [
        route.label
        for route in all_routes()
        if not isinstance(route.rule, needs | signed_in | public)
    ]

    assert undeclared == []


def test_every_public_route_says_why():
    silent = [
        route.label
        for route in all_routes()
        if isinstance(route.rule, public) and len(route.rule.reason) < 10
    ]

    assert silent == []


@pytest.fixture
def headers(team):
    """Who → the headers of their requests."""
    people = {role: make_user(team=team, role=role) for role in Role.values}
    tokens = {
        role: issue_token(user=user, team=team, name="walk")[1] for role, user in people.items()
    }
    return {ANONYMOUS: {}} | {
        role: {"Authorization": f"Bearer {token}"} for role, token in tokens.items()
    }


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_route_admits_exactly_whom_it_says(web, headers):
    found: dict[str, list[str]] = {}
    wrong = []
    with httpx.Client(base_url=web, timeout=30) as client, ThreadPoolExecutor(len(WHO)) as pool:
        for route in all_routes():
            ask = partial(_is_admitted, client, route)
            answers = pool.map(ask, [headers[who] for who in WHO])
            admitted = [who for who, is_admitted in zip(WHO, answers, strict=True) if is_admitted]
            found[route.label] = admitted
            if admitted != allowed_by_rule(route):
                wrong.append(f"{route.label}: {admitted}, declared {allowed_by_rule(route)}")
    found["SOCKET /ws/events"] = asyncio.run(_admitted_to_socket(web, headers))

    assert wrong == []
    _compare_with_table(found)


def _is_admitted(client: httpx.Client, route: Route, headers: dict[str, str]) -> bool:
    answer = client.request(route.method, route.path, headers=headers)
    assert answer.status_code < 500, f"{route.label}: {answer.text}"
    if answer.status_code in (401, 403):
        assert answer.headers["content-type"] == "application/problem+json", route.label
        # A few things are refused to a token whatever the role: that is not about who may.
        return "Your role" not in answer.text and answer.status_code == 403
    return True


async def _admitted_to_socket(web: str, headers: dict[str, dict[str, str]]) -> list[str]:
    admitted = []
    for who in WHO:
        address = f"{web.replace('http', 'ws')}/ws/events?after=1-1"
        async with connect(address, additional_headers=headers[who]) as socket:
            try:
                await asyncio.wait_for(socket.recv(), 5)
            except ConnectionClosed:
                continue
            admitted.append(who)
    return admitted


def _compare_with_table(found: dict[str, list[str]]) -> None:
    text = json.dumps(found, indent=2, sort_keys=True) + "\n"
    if os.environ.get("HEARTH_UPDATE"):
        TABLE.write_text(text)
    committed = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    changed = {
        label: {"committed": committed.get(label), "now": found.get(label)}
        for label in sorted({*committed, *found})
        if committed.get(label) != found.get(label)
    }
    assert changed == {}, "Rights have changed. If on purpose: run this again with HEARTH_UPDATE=1."
