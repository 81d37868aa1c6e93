"""Lists by cursor: stable while rows come and go, and as fast on page 1,000 as on page 1."""

import base64
import binascii
from typing import Any, TypeVar

import orjson
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Model, Q, QuerySet

from apps.core.errors import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

Row = TypeVar("Row", bound=Model)


def paginate(
    rows: QuerySet[Row],
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    order: str = "id",
) -> dict[str, Any]:
    """One page of rows as `{"items": [...], "next_cursor": str | None}`.

    `order` is a column, "-" in front for newest first; the primary key breaks ties. Raises Invalid
    for a cursor that this function did not make.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    column, backwards = order.removeprefix("-"), order.startswith("-")
    if cursor:
        try:
            rows = rows.filter(_after(column, *_read(cursor), backwards=backwards))
        except (TypeError, ValueError, ValidationError) as error:
            raise _not_ours() from error
    sign = "-" if backwards else ""
    try:
        page = list(rows.order_by(f"{sign}{column}", f"{sign}pk")[: limit + 1])
    except (DataError, ValidationError) as error:
        if not cursor:
            raise
        raise _not_ours() from error
    more = len(page) > limit
    page = page[:limit]
    return {"items": page, "next_cursor": _write(page[-1], column) if more else None}


def _after(column: str, value: Any, pk: Any, *, backwards: bool) -> Q:
    side = "lt" if backwards else "gt"
    after = Q(**{f"{column}__{side}": value}) | Q(**{column: value, f"pk__{side}": pk})
    return Q(**{f"{column}__{side}e": value}) & after  # the first half is what an index can follow


def _write(row: Model, column: str) -> str:
    raw = orjson.dumps([getattr(row, column), row.pk], default=str)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read(cursor: str) -> tuple[Any, Any]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        value, pk = orjson.loads(raw)
    except (binascii.Error, TypeError, ValueError) as error:
        raise _not_ours() from error
    return value, pk


def _not_ours() -> Invalid:
    return Invalid(
        "The cursor is not one of ours.", fix="Leave it out to start from the first page."
    )
