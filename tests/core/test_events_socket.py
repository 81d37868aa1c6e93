"""The console's websocket, from the outside: a real web process, real sockets."""

import asyncio
import json
import time

import pytest
from django.conf import settings
from django.test import Client
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from apps.accounts import actions
from apps.accounts.models import PersonalToken
from apps.core.events import EVENTS_STREAM, publish
from apps.core.permissions import Role
from apps.core.redis import get_redis
from tests.factories.accounts import make_team, make_user


def url_of(web, query=""):
    return f"{web.replace('http', 'ws')}/ws/events{query}"


def token_for(user, team):
    return actions.issue_token(user=user, team=team, name="socket")[1]


def bearer(secret):
    return {"additional_headers": {"Authorization": f"Bearer {secret}"}}


async def events_until(socket, count, *, within=10):
    """So many events, in the order they came."""
    events = []
    async with asyncio.timeout(within):
        while len(events) < count:
            events += json.loads(await socket.recv()).get("events", [])
    return events


async def close_code(socket, *, within=10):
    try:
        async with asyncio.timeout(within):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def say(team, *numbers):
    for number in numbers:
        publish(subject="node", subject_id=str(number), change="updated", team_id=team.pk)


@pytest.fixture
def secret(team, admin):
    return token_for(admin, team)


@pytest.mark.django_db(transaction=True)
async def test_an_event_arrives_with_its_id(web, team, secret):
    async with connect(url_of(web), **bearer(secret)) as socket:
        await asyncio.to_thread(_wait_for_socket)
        await asyncio.to_thread(say, team, 7)
        (event,) = await events_until(socket, 1)

    assert (event["subject"], event["subject_id"], event["change"]) == ("node", "7", "updated")
    assert event["id"] == get_redis().xrevrange(EVENTS_STREAM, count=1)[0][0]


def _wait_for_socket():
    from tests.waiting import eventually

    eventually(lambda: list(get_redis().scan_iter("hearth:sockets:*")), within=30)


@pytest.mark.django_db(transaction=True)
async def test_only_what_the_team_may_see_arrives(web, team, secret):
    other = await asyncio.to_thread(make_team)
    async with connect(url_of(web, "?after=0-0"), **bearer(secret)) as socket:
        await asyncio.to_thread(_wait_for_socket)
        await asyncio.to_thread(say, other, 1)
        await asyncio.to_thread(say, team, 2)
        (event,) = await events_until(socket, 1)

    assert event["subject_id"] == "2"


@pytest.mark.django_db(transaction=True)
async def test_what_was_missed_is_replayed_and_then_it_goes_on_live(web, team, secret):
    await asyncio.to_thread(say, team, 1, 2, 3)
    first = get_redis().xrange(EVENTS_STREAM, count=1)[0][0]

    async with connect(url_of(web, f"?after={first}"), **bearer(secret)) as socket:
        missed = await events_until(socket, 2)
        await asyncio.to_thread(say, team, 4)
        live = await events_until(socket, 1)

    assert [event["subject_id"] for event in missed + live] == ["2", "3", "4"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", ["1-1", "99999999999999-0", "nonsense"])
async def test_an_id_the_stream_does_not_hold_resets(web, team, secret, after):
    await asyncio.to_thread(say, team, 1)

    async with connect(url_of(web, f"?after={after}"), **bearer(secret)) as socket:
        async with asyncio.timeout(5):
            assert json.loads(await socket.recv()) == {"reset": True}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
async def test_five_thousand_events_reach_twenty_sockets_whole(web, team, secret):
    """A channel layer's group_send loses a good part of these."""
    count, sockets = 5_000, 20
    await asyncio.to_thread(say, team, 0)
    after = get_redis().xrange(EVENTS_STREAM, count=1)[0][0]

    async def read_all():
        async with connect(url_of(web, f"?after={after}"), **bearer(secret)) as socket:
            return [event["subject_id"] for event in await events_until(socket, count, within=60)]

    def write_all():
        for number in range(1, count + 1):
            say(team, number)

    *read, _ = await asyncio.gather(
        *(read_all() for _ in range(sockets)), asyncio.to_thread(write_all)
    )

    expected = [str(number) for number in range(1, count + 1)]
    assert all(one == expected for one in read)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
async def test_an_idle_socket_outlives_the_default_timeout_of_redis(web, team, secret):
    """redis-py gives every socket five seconds unless told otherwise."""
    async with connect(url_of(web, "?after=0-0"), **bearer(secret)) as socket:
        until = time.monotonic() + 7
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(until - time.monotonic()):
                await socket.recv()
        await asyncio.to_thread(say, team, 1)
        assert len(await events_until(socket, 1)) == 1


@pytest.mark.django_db(transaction=True)
async def test_strangers_are_turned_away(web, team, admin):
    async with connect(url_of(web), **bearer("ht_live_nonsense")) as socket:
        assert await close_code(socket) == 4401
    async with connect(url_of(web)) as socket:  # neither page nor token
        assert await close_code(socket) == 4403
    async with connect(url_of(web), origin=web) as socket:  # our page, nobody signed in
        assert await close_code(socket) == 4401


@pytest.mark.django_db(transaction=True)
async def test_another_sites_page_is_turned_away_even_with_the_cookie(web, team, admin):
    cookie = await asyncio.to_thread(_signed_in_cookie, admin)
    headers = {"Cookie": cookie}
    async with connect(
        url_of(web), origin="https://evil.example", additional_headers=headers
    ) as socket:
        assert await close_code(socket) == 4403
    async with connect(url_of(web, "?after=0-0"), origin=web, additional_headers=headers) as socket:
        await asyncio.to_thread(say, team, 1)
        assert len(await events_until(socket, 1)) == 1


def _signed_in_cookie(user):
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


@pytest.mark.django_db(transaction=True)
async def test_a_token_may_come_as_the_subprotocol(web, team, secret):
    async with connect(url_of(web, "?after=0-0"), subprotocols=["bearer", secret]) as socket:
        assert socket.subprotocol == "bearer"
        await asyncio.to_thread(say, team, 1)
        assert len(await events_until(socket, 1)) == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
async def test_revoking_and_signing_out_close_the_socket(web, team, admin, secret):
    client = Client()
    await asyncio.to_thread(client.force_login, admin)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    async with (
        connect(url_of(web), **bearer(secret)) as script,
        connect(url_of(web), origin=web, additional_headers={"Cookie": cookie}) as browser,
    ):
        await asyncio.to_thread(_wait_for_socket)
        await asyncio.to_thread(PersonalToken.objects.all().delete)
        await asyncio.to_thread(client.delete, "/api/session")
        assert await asyncio.gather(
            close_code(script, within=30), close_code(browser, within=30)
        ) == [4401, 4401]


@pytest.mark.django_db(transaction=True)
async def test_who_talks_too_much_is_closed(web, team, secret):
    async with connect(url_of(web), **bearer(secret)) as socket:
        await socket.send("x" * 2_000)
        assert await close_code(socket) == 4413
    async with connect(url_of(web), **bearer(secret)) as socket:
        for _ in range(25):
            await socket.send("hello")
        assert await close_code(socket) == 4429


@pytest.mark.django_db(transaction=True)
async def test_one_person_has_a_limited_number_of_sockets(web, team, secret):
    someone_else = await asyncio.to_thread(lambda: make_user(team=team, role=Role.VIEWER))
    other = await asyncio.to_thread(token_for, someone_else, team)
    opened = [
        await connect(url_of(web), **bearer(secret)) for _ in range(settings.SOCKETS_PER_USER)
    ]
    try:
        async with connect(url_of(web), **bearer(secret)) as one_too_many:
            assert await close_code(one_too_many) == 4429
        async with connect(url_of(web, "?after=0-0"), **bearer(other)) as socket:
            await asyncio.to_thread(say, team, 1)
            assert len(await events_until(socket, 1)) == 1
    finally:
        await asyncio.gather(*(socket.close() for socket in opened))
    async with connect(url_of(web, "?after=0-0"), **bearer(secret)) as socket:
        assert len(await events_until(socket, 1)) == 1
