"""The log of requests: finding them, and one of them with all that is known."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.db.models import OuterRef, Q, QuerySet, Subquery

from apps.accounts.models import Team, User
from apps.core import secrets
from apps.core.errors import Forbidden, NotFound
from apps.gateway.models import ApiKey, RequestBodies, UsageRecord
from apps.gateway.models.usage import FAILED, FELL_BACK, SLOW
from apps.gateway.queries.replies import assemble_reply

_SEARCHED = ("model", "route", "served_by", "node", "error")


@dataclass(frozen=True)
class RequestFilters:
    """Which requests. None and empty: all of them; `end` is not included."""

    key_id: int | None = None
    user_id: int | None = None
    deployment_id: int | None = None
    model: str = ""
    route: str = ""
    node: str = ""
    served_by: str = ""
    endpoint: str = ""
    status: int | None = None
    error: str = ""
    failed: bool | None = None
    slow: bool | None = None
    fell_back: bool | None = None
    search: str = ""
    begin: datetime | None = None
    end: datetime | None = None


_NOTHING = RequestFilters()
_EQUAL = {field.name for field in fields(RequestFilters)} - {
    "failed", "slow", "fell_back", "search", "begin", "end",
}  # fmt: skip
_MARKS = {"failed": FAILED, "slow": SLOW, "fell_back": FELL_BACK}


def list_requests(
    *, team: Team, user: User | None = None, filters: RequestFilters = _NOTHING
) -> QuerySet[UsageRecord]:
    """The team's requests; with `user` only those that person's keys and sessions have made.

    `key_name` and `user_name` are None where there is none, or none any more.
    """
    records = UsageRecord.objects.filter(team=team).annotate(
        # Not by a join, which would lose the requests of those who are gone.
        key_name=Subquery(ApiKey.objects.filter(pk=OuterRef("key_id")).values("name")),
        user_name=Subquery(User.objects.filter(pk=OuterRef("user_id")).values("username")),
    )
    if user is not None:
        records = records.filter(user=user)
    records = records.filter(*_chosen(filters))
    return records.filter(_found(team, filters.search.strip())) if filters.search else records


def _chosen(filters: RequestFilters) -> Iterator[Q]:
    if filters.begin is not None:
        yield Q(at__gte=filters.begin)
    if filters.end is not None:
        yield Q(at__lt=filters.end)
    yield from (Q((name, value)) for name in _EQUAL if (value := getattr(filters, name)))
    for name, mark in _MARKS.items():
        if (wanted := getattr(filters, name)) is not None:
            yield mark if wanted else ~mark
    if (filters.status or 0) >= 400:
        yield FAILED  # says nothing new, and leads to the index of failures


def _found(team: Team, text: str) -> Q:
    """By id, or by any of the names exactly: only those that know the text are asked for it, so
    that what is nowhere is not looked for in every row."""
    with suppress(ValueError):
        return Q(pk=UUID(text))
    rows = UsageRecord.objects.filter(team=team)
    named = [Q((name, text)) for name in _SEARCHED if rows.filter(Q((name, text))).exists()]
    keys = list(ApiKey.objects.filter(team=team, name=text).values_list("pk", flat=True))
    return reduce(or_, named, Q(key_id__in=keys))


def get_request(*, team: Team, request_id: UUID, user: User | None = None) -> UsageRecord:
    """Raises NotFound."""
    record = list_requests(team=team, user=user).filter(pk=request_id).first()
    if record is None:
        raise NotFound(f"There is no request {request_id} that you may see.")
    return record


def requests_after(
    records: QuerySet[UsageRecord], *, last: UsageRecord | None, limit: int
) -> list[UsageRecord]:
    """The next of them, newest first, after the one that was the last before."""
    if last is not None:
        older = Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk)
        records = records.filter(older, at__lte=last.at)
    return list(records.order_by("-at", "-pk")[:limit])


def waterfall_of(record: UsageRecord) -> list[dict[str, Any]]:
    """Where the time went, in order: `{"name", "begin_ms", "ms"}`, without gaps.

    `queue`: waiting for a place or for the model to load; `connect`: reaching the server;
    `first_byte`: until it said something; `reply`: until it had said everything.
    """
    return list(_stages(record))


def _stages(record: UsageRecord) -> Iterator[dict[str, Any]]:
    ends = [0.0, record.queue_ms, record.queue_ms + record.connect_ms, record.first_byte_ms]
    ends = [min(end, record.total_ms) for end in (*ends, record.total_ms)]
    for name, (begin, end) in zip(
        ("queue", "connect", "first_byte", "reply"), pairwise(ends), strict=True
    ):
        if end > begin:
            yield {"name": name, "begin_ms": begin, "ms": end - begin}


def has_bodies(*, record: UsageRecord) -> bool:
    return RequestBodies.objects.filter(pk=record.pk, at=record.at).exists()


def get_bodies(*, record: UsageRecord, reader: User, may_read_all: bool) -> dict[str, Any]:
    """`{"request", "reply", "text", "request_bytes", "reply_bytes"}`; `text` is what a reply that
    came in events says as a whole. Raises Forbidden and NotFound."""
    if not may_read_all and record.user_id != reader.pk:
        raise Forbidden(
            "Somebody else's words are read by administrators alone.",
            fix="Ask an administrator, or send the request with a key of your own.",
        )
    bodies = RequestBodies.objects.filter(pk=record.pk, at=record.at).first()
    if bodies is None:
        raise NotFound(
            "Nothing of what was asked and answered is kept for this request.",
            fix="A key keeps it from then on when its privacy is set to `full`.",
        )
    try:
        request = secrets.decrypt(bodies.sealed_request)
        reply = secrets.decrypt(bodies.sealed_reply)
    except InvalidToken as error:
        raise NotFound(
            "What was kept cannot be read: it was encrypted under another installation's secret."
        ) from error
    return {
        "request": request,
        "reply": reply,
        "text": assemble_reply(reply),
        "request_bytes": bodies.request_bytes,
        "reply_bytes": bodies.reply_bytes,
    }
