"""Tell connected consoles that something changed. An event says what to refetch, not what it is.

Events are entries of one Redis stream, so a console that was away for a moment asks for what came
after the last id it saw. Nothing is true because an event says so: a lost one costs a stale row
until the next refetch.
"""

import logging
from functools import partial
from typing import Any, Literal

import redis
from django.db import transaction

from apps.core.redis import get_redis

EVENTS_STREAM = "hearth:events"
EVENTS_KEPT = 20_000

Change = Literal["created", "updated", "deleted"]

logger = logging.getLogger(__name__)


def publish(*, subject: str, subject_id: str, change: Change, team_id: int | None) -> None:
    """Add the event to the stream once the current transaction has committed.

    An event without a team is for everybody who is signed in.
    """
    transaction.on_commit(
        partial(
            _add,
            {
                "subject": subject,
                "subject_id": subject_id,
                "change": change,
                "team": "" if team_id is None else str(team_id),
            },
        )
    )


def _add(entry: dict[Any, Any]) -> None:
    try:
        get_redis().xadd(EVENTS_STREAM, entry, maxlen=EVENTS_KEPT, approximate=True)
    except redis.RedisError as error:
        # The row is committed; consoles find it at their next poll.
        logger.warning("event not sent", extra={"subject": entry["subject"], "error": str(error)})
