"""What gateway processes say about limits that are nearly or wholly used, into the database."""

import logging
from typing import Any

from apps.core.redis import get_redis
from apps.gateway import actions
from apps.gateway.dataplane.limits.script import NOTICES_STREAM
from apps.gateway.queries import NoticeEntry
from worker_jobs.periodic import periodic

COLLECT_SECONDS = 5.0
_AT_ONCE = 200
_WINDOWS = {"day": "tokens_per_day", "month": "tokens_per_month"}

logger = logging.getLogger(__name__)


@periodic(every=COLLECT_SECONDS)
def collect_notices() -> None:
    """Entries are deleted after their rows are committed; one that comes twice is one row."""
    client: Any = get_redis()
    waiting = client.xrange(NOTICES_STREAM, count=_AT_ONCE)
    if not waiting:
        return
    actions.record_notices(entries=[entry for _, fields in waiting for entry in _read(fields)])
    client.xdel(NOTICES_STREAM, *(entry_id for entry_id, _ in waiting))


def _read(fields: dict[str, str]) -> list[NoticeEntry]:
    """One entry, or none when it says nothing that can be understood."""
    try:
        level, holder_id, *team_id = fields["holder"].split(":")
        return [
            NoticeEntry(
                level=level,
                holder_id=int(holder_id),
                team_id=int(team_id[0]) if team_id else None,
                window=_WINDOWS[fields["window"]],
                percent=int(fields["percent"]),
                period=fields["period"],
                limit=int(fields["limit"]),
            )
        ]
    except (KeyError, ValueError) as problem:
        logger.warning("a notice that cannot be read left out: %s", problem)
        return []
