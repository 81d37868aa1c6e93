"""The log of requests: finding them, what one of them says about itself, and its words."""

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import AuditEntry, Team, User
from apps.core import secrets
from apps.core.permissions import Role
from apps.gateway import actions
from apps.gateway.dataplane.usage import BodiesRecord, UsageRecord
from apps.gateway.queries.replies import assemble_reply
from tests.factories.usage import make_record

pytestmark = pytest.mark.django_db


def found(client: Client, **filters: Any) -> set[str]:
    reply = client.get("/api/requests", filters)
    assert reply.status_code == 200, reply.content
    return {item["id"] for item in reply.json()["items"]}


class TestFinding:
    @pytest.mark.slow
    def test_by_everything_a_request_is(self, admin_client: Client, team: Team) -> None:
        plain = make_record(team)
        special = {
            "key_id": 7,
            "user_id": 8,
            "deployment_id": 9,
            "model": "big",
            "route": "smart",
            "node": "n7",
            "served_by": "big/1",
            "endpoint": "embeddings",
            "status": 429,
            "error": "rate_limited",
        }
        other = make_record(team, **special, first_byte_ms=6000.0, fallback_reason="5xx")
        actions.record_usage(records=[plain, other])

        for name, value in special.items():
            assert found(admin_client, **{name: value}) == {other.id}, name
        for name in ("failed", "slow", "fell_back"):
            assert found(admin_client, **{name: "true"}) == {other.id}, name
            assert found(admin_client, **{name: "false"}) == {plain.id}, name
        for text in (other.id, "big", "smart", "n7", "big/1", "rate_limited"):
            assert found(admin_client, search=f" {text} ") == {other.id}, text
        assert found(admin_client, search="nobody") == set()
        assert found(admin_client, search=plain.id) == {plain.id}

    def test_within_a_span(self, admin_client: Client, team: Team) -> None:
        now = timezone.now()
        old = make_record(team, at=(now - timedelta(hours=5)).timestamp())
        new = make_record(team)
        actions.record_usage(records=[old, new])
        cut = (now - timedelta(hours=1)).isoformat()

        assert found(admin_client, **{"from": cut}) == {new.id}
        assert found(admin_client, to=cut) == {old.id}

    def test_a_broken_stream_has_failed_though_it_began_well(
        self, admin_client: Client, team: Team
    ) -> None:
        broken = make_record(team, error="upstream_broke")
        actions.record_usage(records=[broken, make_record(team)])

        assert found(admin_client, failed="true") == {broken.id}

    def test_page_by_page(self, admin_client: Client, team: Team) -> None:
        now = timezone.now().timestamp()
        records = [make_record(team, at=now - n // 3) for n in range(20)]
        actions.record_usage(records=records)

        seen: list[str] = []
        query: dict[str, Any] = {"limit": 6}
        while True:
            page = admin_client.get("/api/requests", query).json()
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]

        assert len(seen) == 20
        assert set(seen) == {record.id for record in records}

    def test_a_later_page_is_found_by_its_index(self, admin_client: Client, team: Team) -> None:
        actions.record_usage(records=[make_record(team) for _ in range(3)])
        cursor = admin_client.get("/api/requests", {"limit": 1}).json()["next_cursor"]

        with CaptureQueriesContext(connection) as queries:
            admin_client.get("/api/requests", {"limit": 1, "cursor": cursor})

        listing = next(
            each["sql"] for each in queries if "LIMIT" in each["sql"] and "usage" in each["sql"]
        )
        assert '"at" <= ' in listing

    def test_people_see_their_own(
        self, caller_client: Callable[..., Client], admin: User, team: Team
    ) -> None:
        viewer = caller_client(Role.VIEWER)
        own = User.objects.exclude(pk=admin.pk).get()
        mine, others = (make_record(team, user_id=person.pk) for person in (own, admin))
        actions.record_usage(records=[mine, others])

        listed = viewer.get("/api/requests").json()["items"]

        assert [item["user"] for item in listed] == [own.username]
        assert listed[0]["tokens_per_second"] == 50
        assert viewer.get(f"/api/requests/{others.id}").status_code == 404
        assert caller_client(Role.OPERATOR).get(f"/api/requests/{others.id}").status_code == 200

    @pytest.mark.django_db(transaction=True)
    async def test_as_a_sheet(self, transactional_db: None, admin: User, team: Team) -> None:
        from asgiref.sync import sync_to_async

        records = [make_record(team, model=f"@m{n}", status=200 + n) for n in range(1203)]
        await sync_to_async(actions.record_usage)(records=records)
        client = AsyncClient()
        await client.aforce_login(admin)

        reply: Any = await client.get("/api/requests.csv")

        parts = [part.decode() async for part in reply.streaming_content]
        rows = list(csv.DictReader("".join(parts).splitlines()))
        assert len(parts) == 3
        assert {row["id"] for row in rows} == {record.id for record in records}
        assert rows[0]["model"].startswith("'@m")


class TestOne:
    def test_where_its_time_went(self, admin_client: Client, team: Team) -> None:
        trace = [{"at_ms": 1.0, "step": "picked", "target": "a"}]
        record = make_record(
            team,
            queue_ms=1000.0,
            connect_ms=50.0,
            first_byte_ms=1500.0,
            total_ms=2500.0,
            trace=orjson.dumps(trace).decode(),
            queue_position=3,
            capped_to=100,
            address="10.1.2.3",
            fallback_reason="cold",
        )
        actions.record_usage(records=[record])

        shown = admin_client.get(f"/api/requests/{record.id}").json()

        assert [(each["name"], each["begin_ms"], each["ms"]) for each in shown["stages"]] == [
            ("queue", 0, 1000),
            ("connect", 1000, 50),
            ("first_byte", 1050, 450),
            ("reply", 1500, 1000),
        ]
        assert shown["trace"] == [{**trace[0], "outcome": "", "reason": ""}]
        told = {name: shown[name] for name in ("queue_position", "capped_to", "address")}
        assert told == {"queue_position": 3, "capped_to": 100, "address": "10.1.2.3"}
        assert shown["fallback_reason"] == "cold"
        assert not shown["has_bodies"]

    def test_why_it_went_the_way_it_went(self, admin_client: Client, team: Team) -> None:
        trace = [
            {"at_ms": 3, "step": "failed", "target": "a/1", "reason": "answered 502"},
            {"at_ms": 4, "step": "fallback", "target": "plan-b", "outcome": "5xx"},
        ]
        record = make_record(
            team,
            trace=orjson.dumps(trace).decode(),
            fallback_reason="5xx; from=tiny",
            capped_to=4096,
            queue_ms=2500.0,
            queue_position=2,
            estimated=True,
        )
        actions.record_usage(records=[record])

        why = admin_client.get(f"/api/requests/{record.id}/why").json()

        told = " ".join(each["text"] for each in why["evidence"])
        for part in (
            "held to 4,096 tokens",
            "waited 2.5 s for its turn, 2. in line",
            "fell back from tiny: the server had an error.",
            "a/1 failed it: answered 502.",
            "sent on to plan-b: the server had an error.",
            "Nobody counted",
        ):
            assert part in told, part

    def test_one_that_was_refused_has_no_stages_it_never_reached(
        self, admin_client: Client, team: Team
    ) -> None:
        record = make_record(team, status=429, first_byte_ms=0.0, total_ms=2.0)
        actions.record_usage(records=[record])

        stages = admin_client.get(f"/api/requests/{record.id}").json()["stages"]

        assert [(each["name"], each["ms"]) for each in stages] == [("reply", 2)]

    def test_why(self, admin_client: Client, team: Team) -> None:
        broken = make_record(team, status=200, error="upstream_broke", served_by="big/1")
        actions.record_usage(records=[broken])

        why = admin_client.get(f"/api/requests/{broken.id}/why").json()

        assert why["cause"].startswith("The server broke off")
        assert any("big/1" in evidence["text"] for evidence in why["evidence"])


def keep_words(record: UsageRecord, request: str, reply: str) -> None:
    actions.record_usage(records=[record])
    actions.record_bodies(
        records=[
            BodiesRecord(
                id=record.id,
                at=record.at,
                team_id=record.team_id,
                sealed_request=secrets.encrypt(request),
                sealed_reply=secrets.encrypt(reply),
                request_bytes=len(request),
                reply_bytes=len(reply),
            )
        ]
    )


STREAM = (
    'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n'
    'data: {"choices": [{"delta": {"content": "Good "}}]}\n\n'
    'data: {"choices": [{"delta": {"content": "day"}}]}\n\ndata: [DONE]\n\n'
)


class TestWords:
    def test_are_read_by_administrators_and_every_look_is_written_down(
        self, admin_client: Client, team: Team
    ) -> None:
        record = make_record(team)
        keep_words(record, '{"messages": []}', STREAM)

        assert admin_client.get(f"/api/requests/{record.id}").json()["has_bodies"]
        assert not AuditEntry.objects.exists()
        words = admin_client.post(f"/api/requests/{record.id}/read-bodies").json()

        assert words["request"] == '{"messages": []}'
        assert words["text"] == "Good day"
        assert words["reply_bytes"] == len(STREAM)
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.subject_id) == ("read_request_bodies", record.id)

    def test_others_read_only_their_own(
        self, caller_client: Callable[..., Client], admin: User, team: Team
    ) -> None:
        operator = caller_client(Role.OPERATOR)
        own = User.objects.exclude(pk=admin.pk).get()
        mine, others = (make_record(team, user_id=person.pk) for person in (own, admin))
        for record in (mine, others):
            keep_words(record, "{}", "{}")

        assert operator.post(f"/api/requests/{mine.id}/read-bodies").status_code == 200
        refused = operator.post(f"/api/requests/{others.id}/read-bodies")
        assert refused.status_code == 403
        assert refused.json()["fix"]
        assert AuditEntry.objects.filter(result="refused", subject_id=others.id).exists()

    def test_where_none_are_kept(self, admin_client: Client, team: Team) -> None:
        record = make_record(team)
        actions.record_usage(records=[record])

        missing = admin_client.post(f"/api/requests/{record.id}/read-bodies")

        assert missing.status_code == 404
        assert "`full`" in missing.json()["fix"]

    @pytest.mark.parametrize(
        ("reply", "text"),
        [
            ('{"choices": [{"message": {"content": "hi"}}]}', "hi"),
            ('{"choices": [{"text": "hi"}]}', "hi"),
            ('{"content": [{"type": "text", "text": "hi"}, {"type": "tool_use"}]}', "hi"),
            ('{"output": [{"content": [{"type": "output_text", "text": "hi"}]}]}', "hi"),
            (
                'event: content_block_delta\ndata: {"type": "content_block_delta", "delta":'
                ' {"type": "text_delta", "text": "hi"}}\n\n',
                "hi",
            ),
            ('data: {"type": "response.output_text.delta", "delta": "hi"}\n\n', "hi"),
            ('{"choices": [{"message": null}, 3]}', ""),
            ("not json", ""),
            ("", ""),
        ],
    )
    def test_what_a_reply_says(self, reply: str, text: str) -> None:
        assert assemble_reply(reply) == text


def test_times_are_given_with_a_zone(admin_client: Client, team: Team) -> None:
    actions.record_usage(records=[make_record(team)])

    at = admin_client.get("/api/requests").json()["items"][0]["at"]

    assert datetime.fromisoformat(at).tzinfo is not None
