"""Tables as CSV, for spreadsheets."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(rows: Iterable[Iterable[Any]]) -> str:
    """Comma separated lines. Clients choose some of the words: none may be a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_cell(each) for each in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
